import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageFacts } from './image-facts.ts';
import { frameAt } from './model.test-support.ts';
import { cutFacts, cutsOf, cutValues, type Volume, volumeOf } from './volume.ts';

const slicesMm = [0, 2, 4, 6, 8, 10];
const series = (more: (z: number, index: number) => Partial<ImageFacts> = () => ({})) =>
  slicesMm.map((z, index) => frameAt(z, more(z, index)));
function volume(frames: readonly ImageFacts[]): Volume {
  const found = volumeOf(frames);
  assert.ok(!('reason' in found), JSON.stringify(found));
  return found;
}

test('parallel slices at one distance are a volume, whatever their order', () => {
  const { axes, origin } = volume(series().toReversed());
  assert.deepEqual(
    axes.map(({ count, spacing }) => [count, spacing]),
    [
      [6, 0.8],
      [4, 0.5],
      [6, 2],
    ],
  );
  assert.deepEqual(origin, [-10, -20, 0]);
});

test('a missing slice, a turned one, a tilted gantry, another size or no place: each is told', () => {
  const reasonOf = (frames: readonly ImageFacts[]): unknown => {
    const found = volumeOf(frames);
    return 'reason' in found ? found.reason : found;
  };
  assert.equal(reasonOf(series().slice(0, 4)), 'few');
  assert.deepEqual(volumeOf(series().toSpliced(3, 1)), { reason: 'spacing', mm: 1.5 });
  const plane = { position: [0, 0, 4], along: [0, 1, 0], down: [-1, 0, 0] } as const;
  assert.equal(reasonOf(series((z) => (z === 4 ? { plane } : {}))), 'direction');
  const tilted = series((z) => ({ plane: { position: [-10, -20 + z / 2, z], along: [1, 0, 0], down: [0, 1, 0] } }));
  assert.equal(reasonOf(tilted), 'direction');
  assert.equal(reasonOf(series((z) => (z === 4 ? { rows: 5 } : {}))), 'kind');
  assert.equal(reasonOf(series(() => ({ kind: 'picture' }))), 'kind');
  assert.equal(reasonOf(series(() => ({ frameOfReferenceUid: '' }))), 'place');
  assert.equal(reasonOf(series(() => ({ rows: 8192, columns: 8192 }))), 'size');
});

test('planes look at the patient from the feet, from the front and from the left, the head above', () => {
  const found = volume(series());
  const [axial, coronal, sagittal] = cutsOf(found).map((cut) => cutFacts(found, cut, 0));
  assert.deepEqual(
    [axial?.plane?.along, axial?.plane?.down],
    [
      [1, 0, 0],
      [0, 1, 0],
    ],
  );
  assert.deepEqual(
    [coronal?.plane?.along, coronal?.plane?.down.map((value) => value + 0)],
    [
      [1, 0, 0],
      [0, 0, -1],
    ],
  );
  assert.deepEqual(
    [sagittal?.plane?.along, sagittal?.plane?.down.map((value) => value + 0)],
    [
      [0, 1, 0],
      [0, 0, -1],
    ],
  );
  assert.deepEqual([coronal?.rows, coronal?.columns, coronal?.spacing], [6, 6, { row: 2, column: 0.8, at: 'patient' }]);
  // The head comes first, so the first row is the last slice.
  assert.deepEqual(coronal?.plane?.position, [-10, -20, 10]);
});

test('each pixel of a plane is the voxel at its place', () => {
  for (const frames of [series(), coronalSeries()]) {
    const found = volume(frames);
    const [columns, rows, depths] = found.axes;
    const slices = Array.from({ length: depths.count }, (_, k) =>
      Int16Array.from({ length: rows.count * columns.count }, (__, at) => k * 100 + at),
    );
    for (const cut of cutsOf(found)) {
      for (const index of [0, found.axes[cut.through].count - 1]) {
        const { plane, spacing, rows: height, columns: width } = cutFacts(found, cut, index);
        const values = cutValues(found, cut, { index, slices });
        assert.ok(plane !== undefined && spacing !== undefined);
        for (let row = 0; row < height; row += 1) {
          for (let column = 0; column < width; column += 1) {
            const point: readonly number[] = plane.position.map(
              (start, axis) =>
                start +
                (plane.along[axis] ?? 0) * column * spacing.column +
                (plane.down[axis] ?? 0) * row * spacing.row,
            );
            const [i = 0, j = 0, k = 0]: readonly number[] = found.axes.map(({ direction, spacing: mm }) =>
              Math.round(
                direction.reduce((sum, way, axis) => sum + way * ((point[axis] ?? 0) - (found.origin[axis] ?? 0)), 0) /
                  mm,
              ),
            );
            assert.equal(values[row * width + column], k * 100 + j * columns.count + i, `${cut.name} ${index}`);
          }
        }
      }
    }
  }
});

/** Acquired from the front, in steps to the back. */
function coronalSeries(): readonly ImageFacts[] {
  return slicesMm.map((y) => frameAt(y, { plane: { position: [-10, y, 50], along: [1, 0, 0], down: [0, 0, -1] } }));
}
