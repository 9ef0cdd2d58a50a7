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
     frame-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lamplight-worker";

/// What the service worker may do: ask for our own files.
const WORKER_POLICY: &str = "default-src 'none'; connect-src 'self'";

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
    page("/unsubscribe"),
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
    file("/lamp-180.png", |visit| Box::pin(async move { asset(&visit, "lamp-180.png") })),
    file("/lamp-192.png", |visit| Box::pin(async move { asset(&visit, "lamp-192.png") })),
    file("/lamp-512.png", |visit| Box::pin(async move { asset(&visit, "lamp-512.png") })),
    file("/lamplight.webmanifest", |visit| Box::pin(async move { asset(&visit, "lamplight.webmanifest") })),
    // Under this name the service worker fetches the document when it is installed.
    file("/index.html", |visit| Box::pin(async move { document(&visit) })),
    file("/worker.js", |visit| Box::pin(async move { worker(&visit) })),
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
    if Files::get(name).is_none() {
        let text =
            "The web app is not part of this build: run ./run, or `npm run build` in web/ and build again.\n";
        return Ok(Reply::of(503, "text/plain; charset=utf-8", text));
    }
    let reply = whole(visit, name, "text/html; charset=utf-8")?;
    Ok(reply.with("cache-control", "no-cache").with("content-security-policy", policy))
}

/// The service worker: looked for anew each time, so that a new version of the app is found.
fn worker(visit: &Visit) -> Result<Reply, Failure> {
    let reply = whole(visit, "worker.js", "text/javascript; charset=utf-8")?;
    Ok(reply.with("cache-control", "no-cache").with("content-security-policy", WORKER_POLICY))
}

/// A file with its content's hash in its name never changes.
fn asset(visit: &Visit, name: &str) -> Result<Reply, Failure> {
    let media_type = match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        // Nothing else is ours: the compressed twins of these are no files of their own.
        _ => return Err(Failure::unlisted()),
    };
    let hashed = name.starts_with("assets/");
    let keep = if hashed { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    // The same for everyone, and asked for by the frame of documents, which has no origin.
    Ok(whole(visit, name, media_type)?.with("cache-control", keep).with("access-control-allow-origin", "*"))
}

/// The codings that files were compressed with when the app was built, the smaller first, and what their names end in.
const CODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Whether the browser takes a coding (RFC 9110, 12.5.3). Browsers name what they take; one that weighs is believed only
/// where it refuses.
fn takes(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|one| {
        let mut words = one.split(';').map(str::trim);
        let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused = words.any(|weight| {
            weight.strip_prefix("q=").is_some_and(|q| q.chars().all(|c| matches!(c, '0' | '.')))
        });
        named && !refused
    })
}

fn whole(visit: &Visit, name: &str, media_type: &str) -> Result<Reply, Failure> {
    use std::fmt::Write as _;

    let accepted = visit.header("accept-encoding").unwrap_or_default();
    let twin = CODINGS.iter().filter(|(coding, _)| takes(accepted, coding)).find_map(|(coding, end)| {
        let file = Files::get(&format!("{name}{end}"))?;
        Some((Some(*coding), file))
    });
    let plain = || Files::get(name).map(|file| (None, file));
    let (coding, file) = twin.or_else(plain).ok_or_else(Failure::unlisted)?;
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
    let reply = match coding {
        Some(coding) => reply.with("content-encoding", coding),
        None => reply,
    };
    Ok(reply
        .with("etag", tag)
        .with("vary", "accept-encoding")
        .with("cross-origin-opener-policy", "same-origin"))
}

#[cfg(test)]
mod tests {
    use super::takes;

    #[test]
    fn a_coding_is_taken_when_it_is_named_and_not_refused() {
        for (accepted, br, gzip) in [
            ("gzip, deflate, br, zstd", true, true),
            ("gzip;q=1.0, BR;q=0", false, true),
            ("gzip;q=0.000", false, false),
            ("brotli, x-gzip", false, false),
            ("", false, false),
            ("identity", false, false),
        ] {
            assert_eq!((takes(accepted, "br"), takes(accepted, "gzip")), (br, gzip), "{accepted}");
        }
    }
}
