//! What would have been sent, to look at while developing. There only when nothing is sent, and for this machine alone:
//! it holds links and codes that open accounts.

use crate::http::{Access, Body, Failure, Handler, Reply, Route, Verb, Visit};

const STYLE: &str = "body{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1d2733}\
    article{border:1px solid #ccd5df;border-radius:8px;padding:1rem;margin:1rem 0}\
    h1{font-size:1.4rem}h2{font-size:1.1rem;margin:0}p{color:#51606f;margin:.25rem 0}pre{white-space:pre-wrap}";

/// The page and its style.
pub(super) const ROUTES: &[Route] = &[
    row("/mailbox", |visit| Box::pin(async move { page(&visit) })),
    row("/mailbox.css", |visit| Box::pin(async move { style(&visit) })),
];

const fn row(path: &'static str, handler: fn(Visit) -> super::Answer) -> Route {
    Route {
        method: Verb::Get,
        path,
        interaction: "page",
        access: Access::Visitor("development only, from this machine only; elsewhere it does not exist"),
        resource: "program",
        health_data: false,
        audited: false,
        body: Body::None,
        active: false,
        doc: None,
        handler: Handler::Visitor(handler),
    }
}

fn mailbox(visit: &Visit) -> Result<&adapters::Mailbox, Failure> {
    let here = visit.address().is_none_or(|address| address.to_canonical().is_loopback());
    let open = here && visit.app.settings.show_mailbox;
    visit.app.mailbox().filter(|_| open).ok_or_else(Failure::unlisted)
}

fn style(visit: &Visit) -> Result<Reply, Failure> {
    mailbox(visit)?;
    Ok(Reply::of(200, "text/css; charset=utf-8", STYLE))
}

fn page(visit: &Visit) -> Result<Reply, Failure> {
    let kept = mailbox(visit)?.list();
    let mut html = String::from(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Mailbox</title><link rel=stylesheet href=/mailbox.css><h1>What would have been sent</h1>",
    );
    if kept.is_empty() {
        html.push_str("<p>Nothing yet.");
    }
    for message in kept {
        let subject = message.subject.as_deref().unwrap_or("Text message");
        html.push_str("<article><h2>");
        html.push_str(&escape(subject));
        html.push_str("</h2><p>to ");
        html.push_str(&escape(&message.to));
        html.push_str("<pre>");
        for (n, word) in message.text.split(' ').enumerate() {
            if n > 0 {
                html.push(' ');
            }
            html.push_str(&linked(word));
        }
        html.push_str("</pre></article>");
    }
    let policy = "default-src 'none'; style-src 'self'; frame-ancestors 'none'";
    Ok(Reply::of(200, "text/html; charset=utf-8", html).with("content-security-policy", policy))
}

/// A word, as a link where it is an address.
fn linked(word: &str) -> String {
    let lines: Vec<String> = word
        .split('\n')
        .map(|part| {
            let text = escape(part);
            if part.starts_with("http://") || part.starts_with("https://") {
                format!("<a href=\"{text}\">{text}</a>")
            } else {
                text
            }
        })
        .collect();
    lines.join("\n")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
