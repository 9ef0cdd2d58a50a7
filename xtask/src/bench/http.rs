//! The least HTTP/1.1 client that can drive a server: one kept connection, one request at a time (RFC 9112).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::Fallible;

/// Writes requests for one caller at one server.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    address: SocketAddr,
    token: String,
}

impl Caller {
    pub(super) fn new(address: SocketAddr, token: String) -> Self {
        Self { address, token }
    }

    /// A request without a body.
    pub(super) fn get(&self, target: &str) -> Vec<u8> {
        self.request("GET", target, "", b"")
    }

    /// A request with a FHIR body; `fields` are more header lines, each with its line end.
    pub(super) fn send(&self, method: &str, target: &str, fields: &str, body: &[u8]) -> Vec<u8> {
        let kind = if target.starts_with("/api/") { "application/json" } else { "application/fhir+json" };
        let fields = format!("Content-Type: {kind}\r\n{fields}");
        self.request(method, target, &fields, body)
    }

    fn request(&self, method: &str, target: &str, fields: &str, body: &[u8]) -> Vec<u8> {
        let Self { address, token } = self;
        let fields = format!("Authorization: Bearer {token}\r\nAccept: application/fhir+json\r\n{fields}");
        whole(method, target, &address.to_string(), &fields, body)
    }

    /// A JSON body of nobody known, at an organization's own address.
    pub(super) fn to_organization(&self, organization: &str, target: &str, body: &[u8]) -> Vec<u8> {
        let host = format!("{organization}.localhost:{}", self.address.port());
        whole("POST", target, &host, "Content-Type: application/json\r\n", body)
    }

    /// Opens a connection from this address.
    pub(super) async fn connect_from(&self, source: Ipv4Addr) -> io::Result<Connection> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((source, 0).into())?;
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::new() })
    }

    /// Opens a connection.
    pub(super) async fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(64 << 10) })
    }
}

fn whole(method: &str, target: &str, host: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// A kept connection.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as long as the next request is not sent.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Answer<'_> {
    /// The body as JSON, when the status is `expected`.
    ///
    /// # Errors
    /// What was answered instead.
    pub(super) fn json(&self, expected: u16) -> Fallible<serde_json::Value> {
        if self.status != expected {
            return Err(self.complaint().into());
        }
        Ok(serde_json::from_slice(self.body)?)
    }

    /// What to tell of an answer that was not expected. The data is invented: it may be shown.
    pub(super) fn complaint(&self) -> String {
        let shown = &self.body[..self.body.len().min(600)];
        format!("answered {}: {}", self.status, String::from_utf8_lossy(shown))
    }
}

impl Connection {
    /// Sends a request and reads the whole answer.
    pub(super) async fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let end = loop {
            self.more().await?;
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
        };
        let (status, length) = measures(&self.buffer[..end])?;
        let start = end + 4;
        while self.buffer.len() < start + length {
            self.more().await?;
        }
        Ok(Answer { status, body: &self.buffer[start..start + length] })
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// The status of an answer, and how long its body is.
fn measures(head: &[u8]) -> io::Result<(u16, usize)> {
    let head = std::str::from_utf8(head).map_err(io::Error::other)?;
    let status = head.get(9..12).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("an answer without a status"))?;
    if status == 204 {
        return Ok((status, 0));
    }
    let length = field(head, "content-length").and_then(|value| value.parse().ok());
    Ok((status, length.ok_or_else(|| io::Error::other("an answer without Content-Length"))?))
}

fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn find(bytes: &[u8], sought: &[u8]) -> Option<usize> {
    bytes.windows(sought.len()).position(|window| window == sought)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn answers_are_read_whole_one_after_the_other() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let caller = Caller::new(listener.local_addr().unwrap(), "secret".to_owned());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nETag: W/\"3\"\r\ncontent-len").await.unwrap();
            tokio::task::yield_now().await;
            stream.write_all(b"gth: 5\r\n\r\n[1,2]").await.unwrap();
            let _ = stream.read(&mut request.clone()).await.unwrap();
            stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            String::from_utf8(request[..read].to_vec()).unwrap()
        });
        let mut connection = caller.connect().await.unwrap();
        let request = caller.send("PUT", "/a", "If-Match: W/\"2\"\r\n", b"{}");
        let answer = connection.ask(&request).await.unwrap();
        assert_eq!(answer.json(200).unwrap(), serde_json::json!([1, 2]));
        let answer = connection.ask(&caller.get("/b")).await.unwrap();
        assert_eq!((answer.status, answer.body), (404, &b""[..]));
        assert!(answer.json(200).unwrap_err().to_string().contains("404"));
        let seen = server.await.unwrap();
        assert!(seen.starts_with("PUT /a HTTP/1.1\r\nHost: 127.0.0.1:"));
        assert!(
            seen.contains("\r\nAuthorization: Bearer secret\r\n")
                && seen.ends_with("\r\nContent-Length: 2\r\n\r\n{}")
        );
    }
}
