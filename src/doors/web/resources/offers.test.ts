import assert from 'node:assert/strict';
import { test } from 'node:test';
import { currentTransferSyntaxes, TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import { parseAcceptable } from '../http/accept.ts';
import { choose, type Offer } from '../http/negotiate.ts';
import { instanceOffers, metadataOffers, pixelMediaType, pixelOffers } from './offers.ts';

const explicit = TransferSyntaxes.ExplicitVrLittleEndian;
const jpegLs = TransferSyntaxes.JPEGLSLossless;
const baseline = TransferSyntaxes.JPEGBaseline8Bit;

function chosen(header: string, offers: readonly Offer[]): string {
  const offer = choose(parseAcceptable({ header }, { acceptRangesMax: 64 }), offers);
  return offer === undefined
    ? 'none'
    : `${offer.isMultipart ? 'parts ' : ''}${offer.name} ${offer.transferSyntax ?? ''}`.trim();
}

test('an instance: as stored for any syntax, decoded by default', () => {
  const offers = instanceOffers([jpegLs, explicit], { isOne: true });
  assert.equal(
    chosen('multipart/related; type="application/dicom"; transfer-syntax=*', offers),
    `parts application/dicom ${jpegLs}`,
  );
  assert.equal(chosen('multipart/related; type="application/dicom"', offers), `parts application/dicom ${explicit}`);
  assert.equal(chosen('*/*', offers), `parts application/dicom ${explicit}`);
  assert.equal(chosen('application/dicom', offers), `application/dicom ${explicit}`);
  assert.equal(chosen('application/dicom', instanceOffers([jpegLs, explicit], { isOne: false })), 'none');
});

test('an instance that cannot be decoded goes as it is stored (8.7.3)', () => {
  const offers = instanceOffers([baseline], { isOne: false });
  assert.equal(chosen('*/*', offers), `parts application/dicom ${baseline}`);
  assert.equal(chosen('multipart/related; type="application/dicom"', offers), `parts application/dicom ${baseline}`);
  assert.equal(chosen(`multipart/related; type="application/dicom"; transfer-syntax=${explicit}`, offers), 'none');
});

test('implicit and big endian are never sent', () => {
  const { ImplicitVrLittleEndian, ExplicitVrBigEndian } = TransferSyntaxes;
  for (const stored of [ImplicitVrLittleEndian, ExplicitVrBigEndian]) {
    const offers = instanceOffers([stored, explicit], { isOne: false });
    assert.equal(
      chosen('multipart/related; type="application/dicom"; transfer-syntax=*', offers),
      `parts application/dicom ${explicit}`,
    );
    assert.equal(chosen(`multipart/related; type="application/dicom"; transfer-syntax=${stored}`, offers), 'none');
  }
});

test('pixel data: octets by default, compressed under the media type of its syntax', () => {
  const offers = pixelOffers([jpegLs, explicit], { isOne: true });
  assert.equal(chosen('*/*', offers), `parts application/octet-stream ${explicit}`);
  assert.equal(
    chosen('multipart/related; type=application/octet-stream; transfer-syntax=*', offers),
    `parts application/octet-stream ${explicit}`,
  );
  assert.equal(chosen('multipart/related; type="image/jls"', offers), `parts image/jls ${jpegLs}`);
  assert.equal(chosen('multipart/related; type="image/x-jls"', offers), `parts image/jls ${jpegLs}`);
  assert.equal(chosen('image/jls', offers), `image/jls ${jpegLs}`);
  // The default of image/jpeg is the lossless one, so baseline has to be asked for.
  const lossy = pixelOffers([baseline], { isOne: false });
  assert.equal(chosen('multipart/related; type="image/jpeg"', lossy), 'none');
  assert.equal(
    chosen(`multipart/related; type="image/jpeg"; transfer-syntax=${baseline}`, lossy),
    `parts image/jpeg ${baseline}`,
  );
  assert.equal(
    chosen('multipart/related; type="image/jpeg"; transfer-syntax=*', lossy),
    `parts image/jpeg ${baseline}`,
  );
  assert.equal(chosen('multipart/related; type="image/*"', lossy), `parts image/jpeg ${baseline}`);
  assert.equal(chosen('*/*', lossy), `parts image/jpeg ${baseline}`);
});

test('metadata in JSON or XML', () => {
  assert.equal(chosen('application/json', metadataOffers), 'application/dicom+json');
  assert.equal(
    chosen('multipart/related; type="application/dicom+xml"', metadataOffers),
    'parts application/dicom+xml',
  );
});

test('each current transfer syntax of compressed images and video has a media type', () => {
  const without = currentTransferSyntaxes
    .filter(({ uid, encapsulated }) => encapsulated && pixelMediaType(uid) === undefined)
    .map(({ name }) => name);
  assert.deepEqual(without, [
    'Encapsulated Uncompressed Explicit VR Little Endian',
    'Deflated Image Frame Compression',
  ]);
});
