/** What a server answers whose console was not built: static, without scripts, readable in light and dark. */
import { createHash } from 'node:crypto';

const style = `
  :root { color-scheme: light dark; --ink: #16202a; --paper: #f6f8f8; --line: #c9d2d4; --accent: #0b6a62; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e6edee; --paper: #10171a; --line: #34414a; --accent: #6fd6c6; } }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 1.05rem/1.6 system-ui, sans-serif; }
  main { max-width: 42rem; margin: 12vh auto; padding: 0 1.5rem; }
  h1 { color: var(--accent); font-size: 1.6rem; letter-spacing: 0.01em; }
  pre { border-left: 3px solid var(--accent); padding-left: 1rem; overflow-x: auto; }
`;

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Leadglass</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Leadglass is running, its console is not built</h1>
<p>Type this in the folder of the program, then restart the server:</p>
<pre>npm ci
npm run console:build</pre>
<p>Everything else works meanwhile: DICOMweb at <code>/dicom-web</code>, monitoring at <code>/health</code>, and the command line.</p>
</main>
</body>
</html>
`;

/** The page, and the digest by which the content security policy knows its one style sheet. */
export function unbuiltPage(): { readonly html: string; readonly styleDigest: string } {
  return { html, styleDigest: `sha256-${createHash('sha256').update(style).digest('base64')}` };
}
