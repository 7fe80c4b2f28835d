/** Stands in for xmlbuilder2 in the console: vtk.js writes files with it, the viewer writes none. */
export function create() {
  throw new Error('No XML is written here');
}
