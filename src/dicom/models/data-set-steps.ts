/** Leads over a data set in memory as a walker leads over bytes, without recursion. */
import type { DataSet, Element } from '../data-set.ts';
import type { DataSetVisitor } from '../data-set-walker.ts';

export type Step =
  | { readonly kind: 'element'; readonly element: Element }
  | { readonly kind: 'sequenceBegin'; readonly element: Element }
  | { readonly kind: 'sequenceEnd' }
  | { readonly kind: 'itemBegin' }
  | { readonly kind: 'itemEnd' };

/** What stands in the data set, in the order of its tags. */
export function* stepsOf(dataSet: DataSet): Generator<Step, void, undefined> {
  const open: { readonly items: Iterator<DataSet>; inItem: boolean }[] = [];
  let elements: Iterator<Element> = dataSet[Symbol.iterator]();
  const around: Iterator<Element>[] = [];
  for (;;) {
    const next = elements.next();
    if (next.done !== true) {
      const element = next.value;
      if (element.value instanceof Uint8Array) {
        yield { kind: 'element', element };
        continue;
      }
      yield { kind: 'sequenceBegin', element };
      open.push({ items: element.value[Symbol.iterator](), inItem: false });
      around.push(elements);
    }
    // An item has ended, or a sequence has begun: its next item, or its end and what follows in the item around it.
    const sequence = open.at(-1);
    if (sequence === undefined) return;
    if (sequence.inItem) yield { kind: 'itemEnd' };
    const item = sequence.items.next();
    if (item.done === true) {
      yield { kind: 'sequenceEnd' };
      open.pop();
      elements = around.pop() ?? elements;
    } else {
      sequence.inItem = true;
      yield { kind: 'itemBegin' };
      elements = item.value[Symbol.iterator]();
    }
  }
}

/** The calls that a walker over the encoded data set would make; values are not padded. */
export function visitDataSet(dataSet: DataSet, visitor: DataSetVisitor): void {
  for (const step of stepsOf(dataSet)) {
    if (step.kind === 'itemBegin') visitor.itemBegin();
    else if (step.kind === 'itemEnd') visitor.itemEnd();
    else if (step.kind === 'sequenceBegin') visitor.sequenceBegin(step.element.tag);
    else if (step.kind === 'sequenceEnd') visitor.sequenceEnd();
    else visitElement(step.element, visitor);
  }
}

function visitElement({ tag, vr, value, fragments }: Element, visitor: DataSetVisitor): void {
  if (fragments !== undefined) {
    visitor.fragmentsBegin(tag, vr);
    for (const fragment of fragments) visitValue(fragment, visitor.fragmentBegin(fragment.length), visitor);
    visitor.fragmentsEnd();
  } else if (value instanceof Uint8Array) {
    visitValue(value, visitor.valueBegin(tag, vr, value.length, false), visitor);
  }
}

function visitValue(value: Uint8Array, wanted: boolean, visitor: DataSetVisitor): void {
  if (wanted && value.length > 0) visitor.valueBytes(value);
  visitor.valueEnd();
}
