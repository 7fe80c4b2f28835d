/** Waveforms as drawings: samples, scales in millimetres, bounds, annotations, and what a hostile one tries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { LeadglassError } from '../../error.ts';
import { limits } from '../../limits.ts';
import { code } from '../report/report.test-support.ts';
import { EnvelopeReader } from './envelope.ts';
import { planOf } from './plan.ts';
import { readWaveform } from './read-waveform.ts';
import { sampleAt } from './samples.ts';
import { channel, drawn, encoded, group, hemodynamic, tracesOf, waveform } from './waveform.test-support.ts';
import { type MultiplexGroup, sampleInterpretations } from './waveform.ts';

const square = Array.from({ length: 1000 }, (_, at) => (at % 100 < 20 ? 1000 : 0));
const left = 24;

test('samples are read as their interpretation says', () => {
  const bytes = new DataView(new Uint8Array([0xfe, 0xff, 0xff, 0xff]).buffer);
  const read = Object.fromEntries(sampleInterpretations.map((one) => [one, sampleAt[one](bytes, 0)]));
  assert.deepEqual(read, {
    SB: -2,
    UB: 254,
    MB: 2,
    AB: 110,
    SS: -2,
    US: 65534,
    SL: -2,
    UL: 4294967294,
  });
  const law = (one: 'MB' | 'AB', byte: number): number => sampleAt[one](new DataView(new Uint8Array([byte]).buffer), 0);
  // ITU-T G.711: the ends and the middle of both laws.
  assert.deepEqual(
    [0x00, 0x7f, 0x80, 0xff].map((byte) => law('MB', byte) + 0),
    [-8031, 0, 8031, 0],
  );
  assert.deepEqual(
    [0x2a, 0x55, 0xaa, 0xd5].map((byte) => law('AB', byte)),
    [-4032, -1, 4032, 1],
  );
});

test('an ECG has 25 mm for a second and 10 mm for a millivolt', () => {
  const svg = drawn(waveform([group({ values: square })]));
  const [trace = []] = tracesOf(svg);
  const ys = trace.map(([, y]) => y);
  assert.equal(Math.max(...ys) - Math.min(...ys), 10);
  // The second beat rises a second after the first sample.
  const rise = trace.find(([x, y], at) => x > left + 10 && y === Math.min(...ys) && (trace[at - 1]?.[1] ?? 0) > y);
  assert.deepEqual(rise?.[0], left + 25);
  assert.match(svg, /25 mm\/s · 10 mm\/mV · 100 Hz · 10 s · in uV/);
  assert.match(svg, /<rect fill="url\(#fine\)"/);
  assert.match(svg, /<text class="label"[^>]*>I<\/text>/);
  assert.match(
    svg,
    /^<\?xml[^>]*>\n<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="282mm" height="[\d.]+mm" viewBox="0 0 282 /,
  );
});

test('sensitivity and its correction multiply, the baseline is added in units', () => {
  const texts = [
    [Tags.ChannelSensitivity, '2.5'],
    [Tags.ChannelSensitivityCorrectionFactor, '0.8'],
    [Tags.ChannelBaseline, '20'],
  ] as const;
  const svg = drawn(
    waveform([group({ values: [10, 30, 50], channels: [channel({ unit: 'mm[Hg]', texts })] })], hemodynamic),
  );
  assert.match(svg, />120<\/text>/);
  assert.match(svg, />40<\/text>/);
  assert.match(svg, /in mm\[Hg\]/);
});

test('a lead that is too high for its lane lowers the gain of all, and the drawing says so', () => {
  const values = square.flatMap((value) => [value * 10, value]);
  const svg = drawn(waveform([group({ values, channels: [channel(), channel({ label: 'Lead aVR' })] })]));
  assert.match(svg, / 5 mm\/mV /);
  const heights = tracesOf(svg).map((trace) => {
    const ys = trace.map(([, y]) => y);
    return Math.max(...ys) - Math.min(...ys);
  });
  assert.deepEqual(heights, [50, 5]);
});

test('samples of several channels take turns, and later ones stand as much later as their skew', () => {
  const skew = [[Tags.ChannelTimeSkew, '0.1']] as const;
  const svg = drawn(
    waveform([
      group({ values: [1, 100, 2, 300, 3, 200], channels: [channel(), channel({ texts: skew })], hertz: '2' }),
    ]),
  );
  const [first = [], second = []] = tracesOf(svg);
  assert.deepEqual(
    first.map(([x]) => x),
    [left, left + 12.5, left + 25],
  );
  assert.deepEqual(
    second.map(([x]) => x),
    [left + 2.5, left + 15, left + 27.5],
  );
  const tops = second.map(([, y]) => y);
  assert.ok((tops[0] ?? 0) > (tops[2] ?? 0) && (tops[2] ?? 0) > (tops[1] ?? 0));
});

test('what was not acquired is a gap', () => {
  const padded = group({ values: [1, 2, -32768, 3, 4] }).setBytes(
    Tags.WaveformPaddingValue,
    'OW',
    encoded([-32768], 'SS'),
  );
  const [path = ''] = /<path class="trace" d="M[^"]*L[^"]*"/.exec(drawn(waveform([padded]))) ?? [];
  assert.equal(path.match(/M/g)?.length, 2);
});

const facts = (changes: Partial<MultiplexGroup> = {}): MultiplexGroup => ({
  label: '',
  channels: Array.from({ length: 3 }, () => ({
    label: 'x',
    unit: '',
    scale: 1,
    offset: 0,
    skewSeconds: 0,
    filters: '',
  })),
  samples: 1e12,
  samplesPerSecond: 500,
  interpretation: 'SS',
  startSeconds: 0,
  isDerived: false,
  ...changes,
});
const planLimits = { isEcg: true, lanesMax: 120, placesMax: 100_000 };

test('a plan is bounded for every length of recording, and uses no more samples than there are', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 32 }),
      fc.integer({ min: 1, max: 512 }),
      fc.double({ min: 0.001, max: 1e7, noNaN: true }),
      fc.boolean(),
      (samples, channels, samplesPerSecond, isEcg) => {
        const one = facts({
          channels: Array.from({ length: channels }, () => facts().channels[0] ?? never()),
          samplesPerSecond,
        });
        const plan = planOf(one, samples, { ...planLimits, isEcg });
        assert.equal(plan.samples, samples);
        assert.ok(plan.rows >= 1 && (plan.rows === 1 || plan.rows * channels <= planLimits.lanesMax));
        assert.ok(plan.places * channels <= 2 * planLimits.placesMax + 2 * channels, String(plan.places));
        assert.ok(plan.secondsPerRow * plan.mmPerSecond <= 320);
        assert.ok(plan.rows * plan.secondsPerRow * (1 + 1e-9) >= samples / samplesPerSecond);
      },
    ),
    { numRuns: 300 },
  );
  assert.equal(planOf(facts({ samples: 100 }), 1e9, planLimits).samples, 100);
});

function never(): never {
  throw new Error('no channel');
}

test('a day is drawn in rows, with the least and the most of each place', () => {
  const day = planOf(facts(), 24 * 3600 * 500, planLimits);
  assert.deepEqual([day.rows, day.secondsPerRow], [24, 3600]);
  const one = facts({ channels: facts().channels.slice(0, 1), samples: 100_000 });
  const reader = new EnvelopeReader(one, { ...planOf(one, 100_000, { ...planLimits, placesMax: 100 }) });
  const values = Array.from({ length: 100_000 }, (_, at) => (at === 77_777 ? 999 : at % 7));
  reader.push(encoded(values, 'SS'));
  const [envelope] = reader.envelopes;
  assert.equal(Math.max(...(envelope?.most ?? [])), 999);
  assert.equal(Math.min(...(envelope?.least ?? [])), 0);
});

test('samples may come in any pieces', () => {
  for (const interpretation of ['UB', 'US', 'UL'] as const) {
    const one = facts({ interpretation, samples: 20 });
    const bytes = encoded(
      Array.from({ length: 60 }, (_, at) => at * 3),
      interpretation,
    );
    const plan = planOf(one, 20, planLimits);
    const whole = new EnvelopeReader(one, plan);
    whole.push(bytes);
    for (const size of [1, 2, 3, 5, 7, 50]) {
      const pieces = new EnvelopeReader(one, plan);
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      assert.deepEqual(pieces.envelopes, whole.envelopes, `${interpretation} by ${size}`);
    }
  }
});

function annotation(text: string, channels: readonly number[]): DataSet {
  return new DataSet()
    .setNumber(Tags.ReferencedWaveformChannels, 'US', channels)
    .setText(Tags.UnformattedTextValue, 'ST', text);
}

test('annotations stand above the drawing, or mark their moment in the lanes that are meant', () => {
  const measured = new DataSet()
    .setNumber(Tags.ReferencedWaveformChannels, 'US', [1, 0])
    .setItems(Tags.ConceptNameCodeSequence, [code('1', 'QT Interval')])
    .setText(Tags.NumericValue, 'DS', '368')
    .setItems(Tags.MeasurementUnitsCodeSequence, [code('ms', 'milliseconds', 'UCUM')]);
  const bySample = annotation('R', [1, 0]).setNumber(Tags.ReferencedSamplePositions, 'UL', [101, 201]);
  const byTime = annotation('pause', [1, 2]).setText(Tags.ReferencedTimeOffsets, 'DS', '3');
  const dataSet = waveform([
    group({ values: square.flatMap((value) => [value, value]), channels: [channel(), channel()] }),
  ]);
  dataSet.setItems(Tags.WaveformAnnotationSequence, [annotation('Sinus rhythm', [1, 0]), measured, bySample, byTime]);
  const svg = drawn(dataSet);
  assert.match(svg, /<text x="8" y="20">Sinus rhythm<\/text>/);
  assert.match(svg, />QT Interval: 368 ms<\/text>/);
  assert.deepEqual(
    [...svg.matchAll(/class="mark" d="M(?<x>[\d.]+),/g)].map((match) => Number(match.groups?.['x'])),
    [left + 25, left + 50, left + 75],
  );
  assert.match(svg, /<title>pause<\/title>/);
});

test('a recording that claims four billion samples is drawn as far as it goes', () => {
  const svg = drawn(waveform([group({ values: square, samples: 0xffffffff })]));
  assert.match(svg, /of 4294967295 samples only 1000 are there/);
  assert.equal(tracesOf(svg).length, 1);
});

const script = '</text><script>alert(1)</script>"\'><image href="x" onerror="alert(1)"/>';

test('markup in labels, units and annotations is shown and not obeyed', () => {
  const hostile = waveform([
    group({ values: square, channels: [channel({ label: script, unit: script })] }).setText(
      Tags.MultiplexGroupLabel,
      'SH',
      script,
    ),
  ]).setItems(Tags.WaveformAnnotationSequence, [
    annotation(script, [1, 0]),
    annotation(script, [1, 0]).setNumber(Tags.ReferencedSamplePositions, 'UL', [50]),
  ]);
  const svg = drawn(hostile);
  const names = new Set([...svg.matchAll(/<\/?([a-z?]+)/gi)].map(([, name = '']) => name));
  assert.deepEqual([...names].toSorted(), [
    '?xml',
    'defs',
    'desc',
    'path',
    'pattern',
    'rect',
    'style',
    'svg',
    'text',
    'title',
    'tspan',
  ]);
  assert.ok(!/<[^>]*\s(?:on\w+|href|style)=/i.test(svg.replaceAll(/"[^"]*"/g, '""')));
});

test('sensitivities that are huge, tiny, zero or no numbers make no number that is none', () => {
  for (const sensitivity of ['1e308', '-1e308', '1e-320', '0', 'NaN', 'x', '1e999']) {
    for (const baseline of ['0', '1e308', '-1e999']) {
      const texts = [
        [Tags.ChannelSensitivity, sensitivity],
        [Tags.ChannelBaseline, baseline],
        [Tags.ChannelTimeSkew, baseline],
        [Tags.FilterLowFrequency, sensitivity],
      ] as const;
      for (const sopClass of [undefined, hemodynamic]) {
        const svg = drawn(waveform([group({ values: square, channels: [channel({ texts })] })], sopClass));
        const attributes = [...svg.matchAll(/="(?<value>[^"]*)"/g)].map(({ groups }) => groups?.['value'] ?? '');
        assert.ok(!attributes.some((value) => /NaN|Infinity|e\+/.test(value)), `${sensitivity} ${baseline}`);
        assert.ok(svg.length < 200_000);
      }
    }
  }
});

test('what cannot be drawn is refused: no channels, no frequency, other bits, too much of something', () => {
  const refused = (dataSet: DataSet, code: string): void => {
    assert.throws(
      () => readWaveform(dataSet, limits.waveform),
      (error) => error instanceof LeadglassError && error.code === code,
    );
  };
  refused(waveform([]), 'MALFORMED');
  for (const hertz of ['0', '-1', 'NaN', '1e30']) refused(waveform([group({ hertz })]), 'MALFORMED');
  refused(waveform([group({ channels: [] })]), 'MALFORMED');
  refused(waveform([group().setNumber(Tags.WaveformBitsAllocated, 'US', 64)]), 'MALFORMED');
  refused(waveform([group().setText(Tags.WaveformSampleInterpretation, 'CS', 'XX')]), 'MALFORMED');
  refused(waveform([group().setNumber(Tags.NumberOfWaveformChannels, 'US', 513)]), 'LIMIT_EXCEEDED');
  refused(waveform(Array.from({ length: 17 }, () => group())), 'LIMIT_EXCEEDED');
  const atLimit = waveform(
    Array.from({ length: 16 }, () => group().setNumber(Tags.NumberOfWaveformChannels, 'US', 512)),
  );
  assert.equal(readWaveform(atLimit, limits.waveform).groups[15]?.channels.length, 512);
});

test('a group without samples has its heading, and others their traces', () => {
  const svg = drawn(waveform([group(), group({ values: square })]));
  assert.match(svg, /Group 1 <tspan class="small">no samples/);
  assert.equal(tracesOf(svg).length, 1);
});

test('every waveform of a few random facts has a drawing with numbers only', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.constantFrom(...sampleInterpretations),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom('0.01', '1', '250', '1000000'),
      fc.nat(0xffffffff),
      fc.boolean(),
      (bytes, interpretation, channels, hertz, samples, isEcg) => {
        const one = group({
          interpretation,
          hertz,
          samples,
          bytes,
          channels: Array.from({ length: channels }, () => channel()),
        });
        const svg = drawn(waveform([one], isEcg ? undefined : hemodynamic));
        assert.ok(!/NaN|Infinity/.test(svg));
      },
    ),
    { numRuns: 200 },
  );
});

test('amplification: long words are not written for each moment and each row', () => {
  const moments = Array.from({ length: 64 }, (_, index) => index + 1);
  const dataSet = waveform([group({ values: Array.from({ length: 200 }, () => 1) })]).setItems(
    Tags.WaveformAnnotationSequence,
    Array.from({ length: 10 }, () =>
      annotation('w'.repeat(500_000), [1, 0]).setNumber(Tags.ReferencedSamplePositions, 'UL', moments),
    ),
  );
  assert.ok(drawn(dataSet).length < 5_000_000);
  const label = channel({ label: 'L'.repeat(500_000), unit: 'U'.repeat(500_000) });
  assert.ok(
    drawn(waveform([group({ channels: [label], hertz: '1', values: Array.from({ length: 2_000 }, () => 1) })])).length <
      1_000_000,
  );
});
