/** What is written of our own: items that say nothing, and the attributes that tell how an instance was de-identified (PS3.3 C.7.1.1). */
import { DataSet } from '../data-set.ts';
import { Tags } from '../dictionary/dictionary.ts';
import type { Tag } from '../tag.ts';
import { confidentialityProfile } from './confidentiality-profile.generated.ts';
import { deIdentifyOptions, type MethodCode, optionCodes, profileCode } from './options.ts';
import type { Options } from './actions.ts';

export function dummyItem(tag: Tag): DataSet {
  return tag === Tags.ContentSequence ? dummyContent() : dummyCode();
}

function dummyCode(): DataSet {
  return codeItem('99LEADGLASS', { value: 'DEIDENTIFIED', meaning: 'De-identified' });
}

/** PS3.3 table C.17-6: one text, so that a report without its content is still one. */
function dummyContent(): DataSet {
  return new DataSet()
    .setText(Tags.RelationshipType, 'CS', 'CONTAINS')
    .setText(Tags.ValueType, 'CS', 'TEXT')
    .setItems(Tags.ConceptNameCodeSequence, [codeItem('DCM', { value: '121071', meaning: 'Finding' })])
    .setText(Tags.TextValue, 'UT', 'De-identified');
}

function codeItem(scheme: string, { value, meaning }: MethodCode): DataSet {
  return new DataSet()
    .setText(Tags.CodeValue, 'SH', value)
    .setText(Tags.CodingSchemeDesignator, 'SH', scheme)
    .setText(Tags.CodeMeaning, 'LO', meaning);
}

/** In rising order of their tags. */
export function methodElements(options: Options): DataSet {
  const named = deIdentifyOptions.filter((option) => options.has(option));
  const codes = [profileCode, ...named.map((option) => optionCodes[option])];
  const dates = options.has('retain-full-dates')
    ? 'UNMODIFIED'
    : options.has('retain-modified-dates')
      ? 'MODIFIED'
      : 'REMOVED';
  return new DataSet()
    .setText(Tags.PatientIdentityRemoved, 'CS', 'YES')
    .setText(Tags.DeidentificationMethod, 'LO', `Leadglass, ${confidentialityProfile}`)
    .setItems(
      Tags.DeidentificationMethodCodeSequence,
      codes.map((code) => codeItem('DCM', code)),
    )
    .setText(Tags.LongitudinalTemporalInformationModified, 'CS', dates);
}
