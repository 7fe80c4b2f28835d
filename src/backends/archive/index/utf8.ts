/** Data sets of the index hold UTF-8 only, whatever character set they arrived in, so that heads can be put together. */
import { isPlainAscii } from '../../../dicom/ascii.ts';
import { DataSet, type Element } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { usesCharacterSet, type Vr } from '../../../dicom/vr.ts';
import { vrOf } from '../../../dicom/dictionary/dictionary.ts';

const utf8 = 'ISO_IR 192';

/** Copies elements into `target`, their texts in UTF-8. Specific Character Set is set where a text needs it. */
export function copyAsUtf8(target: DataSet, source: DataSet, elements: Iterable<Element>): DataSet {
  const sets = source.characterSet;
  // Only under these two does an ASCII byte always mean its ASCII character.
  const asciiSafe = sets.length === 0 || (sets.length === 1 && (sets[0] === utf8 || sets[0] === 'ISO_IR 6'));
  for (const element of elements) {
    if (element.tag === Tags.SpecificCharacterSet) continue;
    if (!(element.value instanceof Uint8Array)) {
      target.setItems(
        element.tag,
        element.value.map((item) => copyAsUtf8(new DataSet(), item, item)),
      );
      continue;
    }
    const vr: Vr = element.vr === 'UN' ? vrOf(element.tag) : element.vr;
    if (!usesCharacterSet(vr) || (asciiSafe && isPlainAscii(element.value))) target.set({ ...element, vr });
    else target.setText(element.tag, vr, source.texts(element.tag));
  }
  return target;
}
