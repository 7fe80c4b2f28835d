/** What dragging with the main button, or one finger, does. `scroll` is ours, the others are Cornerstone's. */
export const measureTools = ['length', 'angle', 'ellipse', 'rectangle', 'probe'] as const;
export type MeasureTool = (typeof measureTools)[number];
export const tools = ['scroll', 'window', 'zoom', 'pan', ...measureTools] as const;
export type Tool = (typeof tools)[number];

export const isMeasureTool = (tool: Tool): tool is MeasureTool => measureTools.some((one) => one === tool);
