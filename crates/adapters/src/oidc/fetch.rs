//! The way to providers: TLS, no redirects, small answers, in time, and never into a private network.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::Fault;
use crate::{ConfigError, net};

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(10);
/// The most bytes of an answer that are read.
const ANSWER: usize = 256 * 1024;

/// A client of HTTP and where it may go.
#[derive(Clone)]
pub(super) struct Fetch {
    client: reqwest::Client,
    here: bool,
}

/// An answer to come.
type Answer = Pin<Box<dyn Future<Output = Result<HttpResponse, Fault>> + Send>>;

impl Fetch {
    /// Out into the world.
    pub(super) fn outside() -> Result<Self, ConfigError> {
        let client = builder()?.https_only(true).dns_resolver(Arc::new(Public)).build();
        Ok(Self { client: client.map_err(|_| ConfigError::Tls)?, here: false })
    }

    /// On this machine. A proxy is for the way out, which this is not.
    pub(super) fn here() -> Result<Self, ConfigError> {
        let client = builder()?.no_proxy().build();
        Ok(Self { client: client.map_err(|_| ConfigError::Tls)?, here: true })
    }

    /// As the protocol's implementation calls it.
    pub(super) fn caller(&self) -> impl Fn(HttpRequest) -> Answer + Send + Sync + use<> {
        let fetch = self.clone();
        move |request| {
            let fetch = fetch.clone();
            Box::pin(async move { fetch.call(request).await })
        }
    }

    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        let request = reqwest::Request::try_from(request).map_err(|_| Fault::Address)?;
        if !may_ask(request.url(), self.here) {
            return Err(Fault::Address);
        }
        let mut response = self.client.execute(request).await.map_err(|_| Fault::Network)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| Fault::Network)? {
            if body.len() + chunk.len() > ANSWER {
                return Err(Fault::Network);
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

fn builder() -> Result<reqwest::ClientBuilder, ConfigError> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(net::tls()?)
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(WHOLE))
}

/// Whether this address may be asked: out in the world over TLS, or, for a provider on this machine, on this machine.
pub(super) fn may_ask(url: &Url, here: bool) -> bool {
    if here {
        return matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(net::is_loopback);
    }
    let outside = match url.host() {
        Some(Host::Ipv4(ip)) => is_public(ip.into()),
        Some(Host::Ipv6(ip)) => is_public(ip.into()),
        Some(Host::Domain(name)) => !net::is_loopback(name),
        None => false,
    };
    url.scheme() == "https" && outside
}

/// Names that lead into a private network lead nowhere. A proxy of the machine's, if there is one, looks names up itself.
struct Public;

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(Box::from(Fault::Address));
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet (IANA's special-purpose registries, RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let testing = a == 198 && (18..20).contains(&b);
            let protocol = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99);
            !(a == 0
                || a >= 224
                || ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_documentation()
                || shared
                || testing
                || protocol)
        }
        IpAddr::V6(ip) => {
            let [a, b, ..] = ip.segments();
            // Global unicast without documentation, and without what wraps an IPv4 address: 6to4, Teredo.
            (0x2000..0x4000).contains(&a)
                && a != 0x2002
                && !(a == 0x2001 && (b < 0x200 || b == 0xdb8))
                && !(a == 0x3fff && b < 0x1000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_networks_are_not_asked() {
        for public in ["8.8.8.8", "193.0.14.129", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2001:db8::1",
            "2002:a00:1::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_leads_nowhere() {
        assert!(Public.resolve("localhost".parse().unwrap()).await.is_err());
    }

    #[test]
    fn where_a_document_may_send_us() {
        let may = |url: &str, here| may_ask(&Url::parse(url).unwrap(), here);
        assert!(may("https://login.care.example/token", false));
        for url in
            ["http://login.care.example/token", "https://localhost/token", "https://10.0.0.1/", "file:///etc"]
        {
            assert!(!may(url, false), "{url}");
        }
        assert!(may("http://127.0.0.1:4000/token", true));
        for url in ["http://login.care.example/", "https://login.care.example/", "http://10.0.0.1/"] {
            assert!(!may(url, true), "{url}");
        }
    }
}
