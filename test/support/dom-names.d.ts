/**
 * Names of the DOM that playwright-core's declarations mention, without their members: nothing here runs in a page, and the DOM
 * itself (`lib: dom`) would let server code use what Node does not have.
 */
declare global {
  interface Node {
    readonly nodeType: number;
  }
  interface HTMLElement extends Node {
    readonly tagName: string;
  }
  interface SVGElement extends Node {
    readonly tagName: string;
  }
  interface HTMLElementTagNameMap {
    readonly canvas: HTMLElement;
  }
}
export {};
