/** The page that stands where the console will be: static, without scripts, readable in light and dark. */
import { createHash } from 'node:crypto';

const style = `
  :root { color-scheme: light dark; --ink: #16202a; --paper: #f6f8fa; --line: #c9d2db; --accent: #0b6470; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #10171e; --line: #34414d; --accent: #6fd0dc; } }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 1.05rem/1.6 system-ui, sans-serif; }
  main { max-width: 42rem; margin: 12vh auto; padding: 0 1.5rem; }
  h1 { color: var(--accent); font-size: 1.6rem; letter-spacing: 0.01em; }
  code { border: 1px solid var(--line); border-radius: 0.3rem; padding: 0.1rem 0.35rem; font-size: 0.95em; }
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
<h1>Leadglass is running</h1>
<p>Everybody sees through it, nothing gets through it. This is the HTTPS door: DICOMweb is at <code>/dicom-web</code>, for devices
with a certificate or a token. The console and the enrolment of the first administrator will be here. They are not built yet, so
this page does nothing, and your one-time link stays unused.</p>
<p>Until then the command line administers, for the user who owns the data folder:</p>
<pre>leadglass status
leadglass device add CT1 --purpose acquisition --reason "CT, room 1" --until 2027-06-30 --out ct1
leadglass ledger show</pre>
<p>Monitoring may ask <code>/health</code>.</p>
</main>
</body>
</html>
`;

/** The page, and the digest by which the content security policy knows its one style sheet. */
export function placeholderPage(): { readonly html: string; readonly styleDigest: string } {
  return { html, styleDigest: `sha256-${createHash('sha256').update(style).digest('base64')}` };
}
