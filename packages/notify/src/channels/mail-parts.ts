/** What a mail says: its subject, its plain part, and its HTML part, which reads the same without its style sheet. */
import { escapeHtml } from "../escape-html.ts";
import { colours, gravityOf } from "./appearance.ts";
import type { Message } from "./message.ts";
import { fitText, readableLine } from "./readable.ts";

export interface MailParts {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Mail servers take megabytes, people do not. */
const limits = { title: 250, text: 50_000, preview: 140 };

export function mailParts(message: Message, publicUrl: string | undefined): MailParts {
  const title = fitText(readableLine(message.title), { limit: limits.title });
  const text = fitText(message.text, { limit: limits.text }).trimEnd();
  const sender = publicUrl === undefined ? "Espalier" : `Espalier at ${new URL(publicUrl).host}`;
  const signature = `Sent by ${sender}. Delivery ${message.deliveryId}.`;
  return {
    subject: title,
    text: plainPart(message, { title, text, signature }),
    html: htmlPart(message, { title, text, signature }),
  };
}

interface Said {
  readonly title: string;
  readonly text: string;
  readonly signature: string;
}

function plainPart({ actions }: Message, { title, text, signature }: Said): string {
  const links = actions.map(({ label, url }) => `${readableLine(label)}:\n${url}`);
  // What stands behind `-- ` is what mail programs fold away as a signature.
  const blocks = [title, text, ...links, `-- \n${signature}`];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

/**
 * Light colours are in the elements themselves, for programs that drop the style sheet; dark ones are in the sheet. Tables
 * for the width, because Outlook lays out nothing else.
 */
const styleSheet = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #101418 !important; }
  .card { background: #1a2027 !important; border-color: #323b45 !important; }
  .ink { color: #e8ecf1 !important; }
  .quiet { color: #9aa7b4 !important; }
  .button { background: #e8ecf1 !important; color: #101418 !important; }
}
@media (max-width: 480px) {
  .around { padding: 0 !important; }
  .card { border-radius: 0 !important; border-left: 0 !important; border-right: 0 !important; }
  .stripe { border-radius: 0 !important; }
  .inside { padding: 20px 16px !important; }
  .button { display: block !important; text-align: center !important; margin: 0 0 10px !important; }
}`;

const font = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const wholeWidth = 'role="presentation" width="100%" cellpadding="0" cellspacing="0"';
const buttonStyle =
  "display:inline-block;margin:0 10px 10px 0;padding:11px 20px;border-radius:6px;background:#1f2933;color:#ffffff;font-size:15px;font-weight:600;text-decoration:none";

function htmlPart(message: Message, { title, text, signature }: Said): string {
  const buttons = message.actions.map(
    ({ label, url }) =>
      `<a class="button" href="${escapeHtml(url)}" style="${buttonStyle}">${escapeHtml(readableLine(label))}</a>`,
  );
  const preview = fitText(readableLine(text), { limit: limits.preview });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${styleSheet}</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f2f4f7;${font}">
<div style="display:none;max-height:0;overflow:hidden">${escapeHtml(preview)}</div>
<table ${wholeWidth} class="page" style="background:#f2f4f7"><tr><td class="around" align="center" style="padding:24px 12px">
<table ${wholeWidth} class="card" style="max-width:640px;background:#ffffff;border:1px solid #d9dee5;border-radius:8px;text-align:left"><tr><td class="stripe" style="height:5px;line-height:5px;font-size:0;border-radius:7px 7px 0 0;background:${colours[gravityOf(message)]}">&nbsp;</td></tr><tr><td class="inside" style="padding:24px 28px 12px">
<h1 class="ink" style="margin:0 0 18px;font-size:20px;line-height:27px;font-weight:650;color:#1f2933;overflow-wrap:anywhere">${escapeHtml(title)}</h1>
${buttons.length === 0 ? "" : `<div style="margin:0 0 14px">${buttons.join("")}</div>`}
${htmlText(text)}
</td></tr></table>
<p class="quiet" style="margin:14px 16px;font-size:12px;line-height:18px;color:#5f6b7a;overflow-wrap:anywhere">${escapeHtml(signature)}</p>
</td></tr></table>
</body>
</html>
`;
}

/** Lines that are indented as `  name: value` are shown as a table, everything else as it stands. */
function htmlText(text: string): string {
  const blocks: string[] = [];
  let paragraph: string[] = [];
  let rows: string[] = [];
  const end = () => {
    const lines = paragraph
      .map((line) => line.replace(/^ {2}(?! )/, ""))
      .join("\n")
      .replaceAll(/^\n+|\s+$/g, "");
    if (lines !== "") blocks.push(htmlParagraph(lines));
    if (rows.length > 0) blocks.push(htmlRows(rows));
    paragraph = [];
    rows = [];
  };
  for (const line of text.split("\n")) {
    const [, name, value] = /^ {2}(\S[^:\n]{0,40}): (.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      if (paragraph.length > 0) end();
      rows.push(htmlRow(name, value));
    } else if (rows.length > 0 && /^ {4,}\S/.test(line)) {
      rows.push(htmlRow("", line.trim()));
    } else {
      if (rows.length > 0) end();
      paragraph.push(line);
    }
  }
  end();
  return blocks.join("\n");
}

function htmlParagraph(text: string): string {
  return `<p class="ink" style="margin:0 0 10px;font-size:15px;line-height:23px;color:#1f2933;white-space:pre-wrap;overflow-wrap:anywhere">${escapeHtml(text)}</p>`;
}

function htmlRows(rows: readonly string[]): string {
  return `<table ${wholeWidth} style="margin:0 0 22px;font-size:14px;line-height:20px">${rows.join("")}</table>`;
}

function htmlRow(name: string, value: string): string {
  return `<tr><td class="quiet" style="padding:2px 16px 2px 0;vertical-align:top;min-width:84px;white-space:nowrap;color:#5f6b7a">${escapeHtml(name)}</td><td class="ink" style="padding:2px 0;width:100%;vertical-align:top;color:#1f2933;overflow-wrap:anywhere;word-break:break-word">${escapeHtml(value)}</td></tr>`;
}
