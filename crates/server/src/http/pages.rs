//! The web app: its files are part of the binary. Every page is the same document, which decides by its address what
//! to show; nothing in it depends on who asks.

use rust_embed::RustEmbed;

use crate::http::{Access, Answer, Body, Failure, Handler, Place, Reply, Route, Verb, Visit};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Files;

/// What the app may load and do: our own files, and nothing written into the page.
/// Pictures come from memory as well, and one frame of ours shows documents. Where files lie in a bucket, uploads go there.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     frame-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

/// What the frame that draws documents may: draw. It has no origin, and so no cookie and no storage, and no network but our
/// own scripts and styles (ADR 0024).
const BOX_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob: data:; \
     font-src blob: data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-scripts; \
     require-trusted-types-for 'script'; trusted-types 'none'";

const REASON: &str = "the app's own files are the same for everyone and hold no data";

/// The addresses of the app. One that is not here does not exist.
pub(super) const ROUTES: &[Route] = &[
    page("/"),
    page("/sign-in"),
    page("/forgot"),
    page("/reset"),
    page("/email"),
    page("/invitation"),
    page("/enroll"),
    page("/account"),
    page("/authorize"),
    page("/open/{organization}/{membership}"),
    page("/c/{context}"),
    page("/c/{context}/"),
    page("/c/{context}/{*rest}"),
    console("/console"),
    console("/console/"),
    console("/console/{*rest}"),
    file("/preview", |visit| Box::pin(async move { preview(&visit) })),
    file("/lamp.svg", |visit| Box::pin(async move { asset(&visit, "lamp.svg") })),
    file("/assets/{file}", |visit| {
        Box::pin(async move { asset(&visit, &format!("assets/{}", visit.param("file"))) })
    }),
];

const fn page(path: &'static str) -> Route {
    file(path, |visit| Box::pin(async move { document(&visit) }))
}

/// The pages of the plane above organizations: no organization has them at its address.
const fn console(path: &'static str) -> Route {
    file(path, |visit| {
        Box::pin(async move {
            if visit.place == Place::Installation { document(&visit) } else { Err(Failure::unlisted()) }
        })
    })
}

const fn file(path: &'static str, handler: fn(Visit) -> Answer) -> Route {
    Route {
        method: Verb::Get,
        path,
        interaction: "page",
        access: Access::Visitor(REASON),
        resource: "program",
        health_data: false,
        audited: false,
        body: Body::None,
        active: false,
        doc: None,
        handler: Handler::Visitor(handler),
    }
}

fn document(visit: &Visit) -> Result<Reply, Failure> {
    let policy = match visit.app.cabinet.objects.origin() {
        Some(origin) => POLICY.replace("connect-src 'self'", &format!("connect-src 'self' {origin}")),
        None => POLICY.to_owned(),
    };
    html(visit, "index.html", policy)
}

/// The page in which documents are drawn. Only pages of ours frame it, and its scripts are fetched without an origin.
fn preview(visit: &Visit) -> Result<Reply, Failure> {
    Ok(html(visit, "preview.html", BOX_POLICY.to_owned())?.with("x-frame-options", "SAMEORIGIN"))
}

fn html(visit: &Visit, name: &str, policy: String) -> Result<Reply, Failure> {
    let Some(file) = Files::get(name) else {
        let text =
            "The web app is not part of this build: run ./run, or `npm run build` in web/ and build again.\n";
        return Ok(Reply::of(503, "text/plain; charset=utf-8", text));
    };
    let reply = whole(visit, &file, "text/html; charset=utf-8")?;
    Ok(reply.with("cache-control", "no-cache").with("content-security-policy", policy))
}

/// A file with its content's hash in its name never changes.
fn asset(visit: &Visit, name: &str) -> Result<Reply, Failure> {
    let file = Files::get(name).ok_or_else(Failure::unlisted)?;
    let media_type = match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    };
    let hashed = name.starts_with("assets/");
    let keep = if hashed { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    // The same for everyone, and asked for by the frame of documents, which has no origin.
    Ok(whole(visit, &file, media_type)?.with("cache-control", keep).with("access-control-allow-origin", "*"))
}

fn whole(visit: &Visit, file: &rust_embed::EmbeddedFile, media_type: &str) -> Result<Reply, Failure> {
    use std::fmt::Write as _;

    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    let reply = if visit.header("if-none-match") == Some(&tag) {
        Reply::empty(304)
    } else {
        Reply::of(200, media_type, file.data.clone().into_owned())
    };
    Ok(reply.with("etag", tag).with("cross-origin-opener-policy", "same-origin"))
}
