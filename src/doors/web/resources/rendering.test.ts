/** The parameters of rendered resources and of the URI service. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQueryString } from '../http/query-string.ts';
import { parseRenderingParameters } from './rendering-parameters.ts';
import { parseWadoUri } from './wado-uri.ts';

const queryLimits = { queryParametersMax: 40, queryCharactersMax: 1000 };
const render = (query: string) =>
  parseRenderingParameters(parseQueryString(query, queryLimits), { viewportSideMax: 1000 });
const wado = (query: string) =>
  parseWadoUri(parseQueryString(query, queryLimits), { viewportSideMax: 1000, transferSyntaxesMax: 2 });

test('a viewport with and without a region of the source (8.3.5.1.3)', () => {
  assert.deepEqual(render('viewport=512,400').viewport, { width: 512, height: 400 });
  assert.deepEqual(render('viewport=512%2C400,,,-100,50.5').viewport, {
    width: 512,
    height: 400,
    region: { left: 0, top: 0, width: 100, height: 50.5, flipsHorizontally: true, flipsVertically: false },
  });
  assert.deepEqual(render('viewport=1,1,10,+20').viewport?.region, {
    left: 10,
    top: 20,
    flipsHorizontally: false,
    flipsVertically: false,
  });
  for (const value of [
    '',
    '512',
    '0,1',
    '1,-1',
    '1.5,2',
    '1001,1',
    '1,1,a',
    '1,1,1,1,0,1',
    '1,1,1,1,1,1,1',
    'NaN,1',
    '1,1,1e9',
  ]) {
    assert.throws(() => render(`viewport=${value}`), { code: 'BAD_REQUEST' }, value);
  }
});

test('a window needs all three values (8.3.5.1.4)', () => {
  assert.deepEqual(render('window=-40.5,400,linear').window, { center: -40.5, width: 400, function: 'linear' });
  assert.deepEqual(render('window=0,0.5,sigmoid').window, { center: 0, width: 0.5, function: 'sigmoid' });
  for (const value of [
    '40,400',
    '40,400,LINEAR',
    '40,0.5,linear',
    '40,0,linear-exact',
    '40,-1,sigmoid',
    ',400,linear',
    '1,2,linear,3',
  ]) {
    assert.throws(() => render(`window=${value}`), { code: 'BAD_REQUEST' }, value);
  }
});

test('quality, annotation and color profile (8.3.5.1.1, 8.3.5.1.2)', () => {
  const parameters = render('quality=100&annotation=technique,patient,logo,%3Cb%3E&iccprofile=srgb&unknown=1');
  assert.deepEqual(parameters, {
    quality: 100,
    annotation: ['patient', 'technique'],
    unsupportedAnnotations: ['logo', 'other'],
    iccProfile: 'srgb',
  });
  assert.deepEqual(render(''), { annotation: [], unsupportedAnnotations: [] });
  for (const query of [
    'quality=0',
    'quality=101',
    'quality',
    'quality=50.5',
    'iccprofile=sRGB',
    'quality=1&quality=1',
  ]) {
    assert.throws(() => render(query), { code: 'BAD_REQUEST' }, query);
  }
});

const needed = 'requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4';

test('a request of the URI service (chapter 9)', () => {
  assert.deepEqual(wado(needed), {
    study: '1.2',
    series: '1.3',
    instance: '1.4',
    contentType: undefined,
    charset: undefined,
    transferSyntaxes: [],
    anonymize: false,
    annotation: [],
    unsupportedAnnotations: [],
  });
  const full = wado(
    `${needed}&contentType=application%2Fdicom&charset=UTF-8&transferSyntax=1.2.840.10008.1.2.4.80&anonymize=yes&frameNumber=3` +
      '&rows=10&columns=20&region=0,0.25,0.5,1&windowCenter=-5&windowWidth=100&imageQuality=90' +
      '&presentationSeriesUID=1.5&presentationUID=1.6&annotation=patient',
  );
  assert.deepEqual(full, {
    study: '1.2',
    series: '1.3',
    instance: '1.4',
    contentType: 'application/dicom',
    charset: 'UTF-8',
    transferSyntaxes: ['1.2.840.10008.1.2.4.80'],
    anonymize: true,
    annotation: ['patient'],
    unsupportedAnnotations: [],
    frameNumber: 3,
    viewport: { width: 20, height: 10 },
    region: { left: 0, top: 0.25, right: 0.5, bottom: 1 },
    window: { center: -5, width: 100 },
    quality: 90,
    presentation: { series: '1.5', instance: '1.6' },
  });
  assert.deepEqual(wado(`${needed}&transferSyntax=*`).transferSyntaxes, ['*']);
});

test('a request of the URI service that lacks something or contradicts itself is refused', () => {
  for (const part of needed.split('&')) {
    const without = needed.split('&').filter((other) => other !== part);
    assert.throws(() => wado(without.join('&')), { code: 'BAD_REQUEST' }, part);
  }
  for (const more of [
    'requestType=WADO',
    'anonymize=no',
    'frameNumber=0',
    'rows=10',
    'columns=0&rows=1',
    'region=0,0,1',
    'region=0,0,1,1,1',
    'region=0.5,0,0.5,1',
    'region=0,0,1.5,1',
    'region=-0.1,0,1,1',
    'windowCenter=1',
    'windowCenter=1&windowWidth=0',
    'presentationUID=1.2',
    'imageQuality=0',
    'transferSyntax=1.2,1.3,1.4',
  ]) {
    assert.throws(() => wado(`${needed}&${more}`), { code: 'BAD_REQUEST' }, more);
  }
  assert.throws(() => wado(needed.replace('1.4', '1.4%00')), { code: 'MALFORMED' });
  assert.throws(() => wado(needed.replace('1.4', '..')), { code: 'MALFORMED' });
});
