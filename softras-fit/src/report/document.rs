//! A page that needs no other file: [`Document`].

use std::fmt::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use softras_io::RgbFrame;

use crate::error::Result;

/// How pages look.
const STYLE: &str = "
:root { color-scheme: light; }
body { margin: 0; background: #f6f8fa; color: #1f2328; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 12px; }
p { margin: 0 0 12px; color: #57606a; max-width: 80ch; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { background: #fff; border: 1px solid #d8dee4; border-radius: 8px; padding: 12px 14px; overflow-x: auto; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0; }
.tile { flex: 1 1 150px; background: #fff; border: 1px solid #d8dee4; border-radius: 8px; padding: 12px 14px; }
.tile b { display: block; font-size: 24px; font-variant-numeric: tabular-nums; }
.tile span { color: #57606a; font-size: 13px; }
table { border-collapse: collapse; background: #fff; border: 1px solid #d8dee4; border-radius: 8px; width: 100%; }
th, td { text-align: left; padding: 6px 14px; border-bottom: 1px solid #eaeef2; font-weight: 400; }
td { font-variant-numeric: tabular-nums; } th { color: #57606a; }
tr.first td, tr.first th { background: #f0f6ff; color: #1f2328; font-weight: 600; }
td.about { color: #57606a; font-size: 14px; }
.views { display: grid; gap: 6px; align-items: center; }
.views img { width: 100%; display: block; border-radius: 6px; border: 1px solid #e4e7eb; box-sizing: border-box; }
.views span { color: #57606a; font-size: 13px; }
.film, .curve { background: #fff; border: 1px solid #d8dee4; border-radius: 8px; padding: 14px; }
.film img { max-width: 100%; display: block; margin: 0 auto; }
svg { display: block; width: 100%; height: auto; }
";

/// An HTML page with its pictures and curves inside, in the look of every report.
#[derive(Clone, Debug)]
pub struct Document {
    html: String,
}

impl Document {
    /// Begins a page: what it shows, and the command that made it.
    #[must_use]
    pub fn new(title: &str, command: &str) -> Self {
        let (title, command) = (escape(title), escape(command));
        let mut document = Self { html: String::new() };
        document.push(format_args!("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"));
        document.push(format_args!("<meta name=\"viewport\" content=\"width=device-width\">"));
        document.push(format_args!("<title>{title}</title><style>{STYLE}</style></head><body><main>"));
        document.push(format_args!("<h1>{title}</h1><p><code>{command}</code></p>"));
        document
    }
    /// Adds a heading.
    pub fn heading(&mut self, text: &str) {
        self.push(format_args!("<h2>{}</h2>", escape(text)));
    }
    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.push(format_args!("<p>{}</p>", escape(text)));
    }
    /// Adds numbers that are seen first: each a value and its name.
    pub fn tiles<'t>(&mut self, tiles: impl IntoIterator<Item = (String, &'t str)>) {
        self.push(format_args!("<div class=\"tiles\">"));
        for (value, name) in tiles {
            let (value, name) = (escape(&value), escape(name));
            self.push(format_args!("<div class=\"tile\"><b>{value}</b><span>{name}</span></div>"));
        }
        self.push(format_args!("</div>"));
    }
    /// Adds a table: its head, empty for none, and its rows, the first cell of each its name.
    pub fn table(&mut self, head: &[String], rows: &[Vec<String>]) {
        self.push(format_args!("<table>"));
        if !head.is_empty() {
            let cells: String = head.iter().map(|cell| format!("<th>{}</th>", escape(cell))).collect();
            self.push(format_args!("<tr>{cells}</tr>"));
        }
        for row in rows {
            let cell = |(i, cell): (usize, &String)| {
                let (kind, cell) = (if i == 0 { "th" } else { "td" }, escape(cell));
                format!("<{kind}>{cell}</{kind}>")
            };
            let cells: String = row.iter().enumerate().map(cell).collect();
            self.push(format_args!("<tr>{cells}</tr>"));
        }
        self.push(format_args!("</table>"));
    }
    /// Adds a picture.
    ///
    /// # Errors
    /// `File` if it is larger than a PNG file holds.
    pub fn picture(&mut self, name: &str, picture: &RgbFrame) -> Result<()> {
        let (name, source) = (escape(name), data_uri("image/png", &picture.png()?));
        self.push(format_args!("<div class=\"film\"><img alt=\"{name}\" src=\"{source}\"></div>"));
        Ok(())
    }
    /// Adds curves, as SVG.
    pub fn curves(&mut self, svg: &str) {
        self.push(format_args!("<div class=\"curve\">{svg}</div>"));
    }
    /// Adds text as it stands: numbers, settings.
    pub fn verbatim(&mut self, text: &str) {
        self.push(format_args!("<pre>{}</pre>", escape(text)));
    }
    /// Ends the page and returns it.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.push(format_args!("</main></body></html>"));
        self.html
    }
    /// Adds a line of HTML.
    pub(crate) fn push(&mut self, html: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.html.write_fmt(html);
        self.html.push('\n');
    }
}

/// Returns bytes as an address that holds them.
pub(crate) fn data_uri(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}

/// Returns `text` as it stands in HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_it_stands_and_every_tag_is_closed() {
        let mut page = Document::new("a < b", "softras \"x\" & y");
        page.heading("<h1>");
        page.paragraph("1 < 2");
        page.tiles([("3".to_owned(), "things & more")]);
        page.table(&["".into(), "n".into()], &[vec!["<i>".into(), "5".into()]]);
        page.picture("dot", &RgbFrame::filled(1, 1, [1, 2, 3]).unwrap()).unwrap();
        page.curves("<svg></svg>");
        page.verbatim("a = \"<\"");
        let html = page.finish();
        assert!(html.contains("a &lt; b") && html.contains("<th>&lt;i&gt;</th><td>5</td>"), "{html}");
        assert!(html.contains("src=\"data:image/png;base64,iVBOR"), "{html}");
        for tag in ["html", "head", "body", "main", "h1", "h2", "p", "div", "table", "tr", "pre", "style"] {
            let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
            let opened =
                html.matches(&format!("{open}>")).count() + html.matches(&format!("{open} ")).count();
            assert_eq!(opened, html.matches(&close).count(), "{tag}");
        }
    }
}
