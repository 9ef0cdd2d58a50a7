//! Where files lie: a folder of this machine, or a bucket that speaks S3, by the same calls.
//!
//! Names are ours and random; nothing in them, in an error or in a `Debug` says whose file it is. A bucket takes an upload
//! straight from whoever holds a signed address; a folder has none, and its uploads come through our own.

use std::fmt;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::signer::{HeaderName, HeaderValue, Method, SignedUrlOptions, Signer as _};
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, WriteMultipart,
};

use crate::ConfigError;

/// What is sent to a bucket at a time, and so what a file takes of memory, twice. S3 takes no smaller part but the last.
const PART: usize = 5 << 20;
/// What is written to a folder at a time.
const PIECE: usize = 256 << 10;

/// Something of an object store does not work. What the other side said is for the operator's log alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It is not there.
    #[error("no such object")]
    NotFound,
    /// It cannot be reached, or refused us.
    #[error("the object store cannot be used now")]
    Unavailable,
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            return Self::NotFound;
        }
        // The text holds our own random names and addresses of the store.
        tracing::warn!(target: "objects", %error, "the object store failed");
        Self::Unavailable
    }
}

/// What an upload must be.
pub struct Terms<'a> {
    /// Its media type.
    pub content_type: &'a str,
    /// SHA-256 of its bytes.
    pub sha256: &'a [u8; 32],
    /// How long it may begin.
    pub within: Duration,
}

/// How somebody puts one object into the store themselves.
pub struct Grant {
    /// Where to.
    pub url: String,
    /// The headers that have to be sent, as they are here.
    pub headers: Vec<(&'static str, String)>,
}

/// The headers of an upload that keeps to its terms; the same wherever it goes.
pub fn upload_headers(terms: &Terms<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("content-type", terms.content_type.to_owned()),
        ("x-amz-checksum-sha256", STANDARD.encode(terms.sha256)),
        // It never replaces what is there.
        ("if-none-match", "*".to_owned()),
    ]
}

/// An object store. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    bucket: Option<Arc<Bucket>>,
    folder: Option<PathBuf>,
}

struct Bucket {
    signer: AmazonS3,
    origin: String,
}

impl fmt::Debug for Objects {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (&self.bucket, &self.folder) {
            (Some(_), _) => "Objects(bucket)",
            (None, Some(_)) => "Objects(folder)",
            (None, None) => "Objects(memory)",
        };
        out.write_str(kind)
    }
}

/// A bucket and how to reach it.
pub struct BucketConfig {
    /// `s3://bucket/prefix`
    pub url: String,
    /// The address of the service, when it is not Amazon's.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Key id and secret; without them, those of the environment (`AWS_*`) or of the machine.
    pub credentials: Option<(String, String)>,
}

impl Objects {
    /// Keeps everything in memory: for tests.
    pub fn memory() -> Self {
        Self { store: Arc::new(InMemory::new()), prefix: Path::default(), bucket: None, folder: None }
    }

    /// A folder of this machine, made when it is not there and closed to others.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(folder: &FilePath) -> Result<Self, ConfigError> {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        let unusable = |_| ConfigError::Files("the folder of documents cannot be used");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(unusable)?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|_| ConfigError::Files("the folder of documents cannot be used"))?;
        let folder = Some(folder.to_owned());
        Ok(Self { store: Arc::new(store), prefix: Path::default(), bucket: None, folder })
    }

    /// A bucket.
    ///
    /// # Errors
    /// When the address or the environment cannot be understood.
    pub fn bucket(config: &BucketConfig) -> Result<Self, ConfigError> {
        Self::bucket_with(config, None)
    }

    /// A bucket under Object Lock, which takes nothing without a checksum: it keeps what it was given as long as its own rule
    /// says.
    ///
    /// # Errors
    /// As [`Objects::bucket`].
    pub fn locked_bucket(config: &BucketConfig) -> Result<Self, ConfigError> {
        Self::bucket_with(config, Some(Checksum::SHA256))
    }

    fn bucket_with(config: &BucketConfig, checksum: Option<Checksum>) -> Result<Self, ConfigError> {
        let rest = config.url.strip_prefix("s3://").filter(|rest| !rest.starts_with('/') && !rest.is_empty());
        let rest = rest.ok_or(ConfigError::Files("not an address of the form s3://bucket/prefix"))?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(name)
            .with_conditional_put(S3ConditionalPut::ETagMatch);
        if let Some(checksum) = checksum {
            builder = builder.with_checksum_algorithm(checksum);
        }
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some(region) = &config.region {
            builder = builder.with_region(region);
        }
        if let Some((id, secret)) = &config.credentials {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let store =
            builder.build().map_err(|_| ConfigError::Files("the bucket cannot be used as configured"))?;
        let region = config.region.clone().or_else(|| std::env::var("AWS_REGION").ok());
        let origin = match &config.endpoint {
            Some(endpoint) => url::Url::parse(endpoint)
                .map_err(|_| ConfigError::Files("the endpoint is no address"))?
                .origin()
                .ascii_serialization(),
            None => format!("https://s3.{}.amazonaws.com", region.as_deref().unwrap_or("us-east-1")),
        };
        let bucket = Some(Arc::new(Bucket { signer: store.clone(), origin }));
        Ok(Self { store: Arc::new(store), prefix: Path::from(prefix), bucket, folder: None })
    }

    /// Where a browser sends uploads to, when that is another origin than ours.
    pub fn origin(&self) -> Option<&str> {
        self.bucket.as_ref().map(|bucket| bucket.origin.as_str())
    }

    fn at(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), |path, part| path.join(part))
    }

    /// The way for somebody to put one object there themselves; `None` where the store has none of its own.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn grant(&self, name: &str, terms: &Terms<'_>) -> Result<Option<Grant>, StoreError> {
        let Some(bucket) = &self.bucket else { return Ok(None) };
        let headers = upload_headers(terms);
        let mut options = SignedUrlOptions::default();
        for (header, value) in &headers {
            let value = HeaderValue::from_str(value).map_err(|_| StoreError::Unavailable)?;
            options = options.with_signed_header(HeaderName::from_static(header), value);
        }
        let at = self.at(name);
        let url = bucket.signer.signed_url_opts(Method::PUT, &at, terms.within, &options).await?;
        Ok(Some(Grant { url: url.into(), headers }))
    }

    /// Begins to write an object. Nobody sees it before [`Writer::finish`].
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn writer(&self, name: &str) -> Result<Writer, StoreError> {
        let upload = self.store.put_multipart(&self.at(name)).await?;
        let part = if self.bucket.is_some() { PART } else { PIECE };
        let file = self.folder.as_ref().map(|folder| folder.join(name));
        Ok(Writer { upload: Some(WriteMultipart::new_with_chunk_size(upload, part)), file })
    }

    /// How long an object is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; when the store cannot be used.
    pub async fn size(&self, name: &str) -> Result<u64, StoreError> {
        Ok(self.store.head(&self.at(name)).await?.size)
    }

    /// Reads an object, or a part of it, as it comes.
    ///
    /// # Errors
    /// As [`Objects::size`].
    pub async fn read(
        &self,
        name: &str,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.store.get_opts(&self.at(name), options).await?;
        Ok(found.into_stream().map_err(StoreError::from).boxed())
    }

    /// Deletes an object; one that is not there is deleted already.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self.store.delete(&self.at(name)).await.map_err(StoreError::from) {
            Err(StoreError::NotFound) => Ok(()),
            done => done,
        }
    }

    /// Puts an object where there is none; `false` where there is one, which stays.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn put_new(&self, name: &str, bytes: Bytes) -> Result<bool, StoreError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&self.at(name), bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The last name below `below`, in the order of the alphabet, without what is before it.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn last_below(&self, below: &str) -> Result<Option<String>, StoreError> {
        let mut listed = self.store.list(Some(&self.at(below)));
        let mut last: Option<String> = None;
        while let Some(object) = listed.try_next().await? {
            last = last.max(object.location.filename().map(str::to_owned));
        }
        Ok(last)
    }

    /// The names below `below` that were last written before `before`.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn older(&self, below: &str, before: Timestamp) -> Result<Vec<String>, StoreError> {
        let mut listed = self.store.list(Some(&self.at(below)));
        let mut old = Vec::new();
        while let Some(object) = listed.try_next().await? {
            if object.last_modified.timestamp() < before.as_second()
                && let Some(name) = object.location.filename()
            {
                old.push(format!("{below}/{name}"));
            }
        }
        Ok(old)
    }

    /// Deletes what a killed program was writing below `below`. A bucket forgets such parts by a rule of its own.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn drop_halves(&self, below: &str, before: Timestamp) -> Result<usize, StoreError> {
        let Some(folder) = &self.folder else { return Ok(0) };
        let Ok(mut entries) = tokio::fs::read_dir(folder.join(below)).await else { return Ok(0) };
        let mut dropped = 0;
        while let Some(entry) = entries.next_entry().await.map_err(|_| StoreError::Unavailable)? {
            // What is being written has the number of the try behind this sign.
            if !entry.file_name().to_string_lossy().contains('#') {
                continue;
            }
            let written = entry.metadata().await.ok().and_then(|found| found.modified().ok());
            let is_old = written.and_then(|at| Timestamp::try_from(at).ok()).is_some_and(|at| at < before);
            if is_old && tokio::fs::remove_file(entry.path()).await.is_ok() {
                dropped += 1;
            }
        }
        Ok(dropped)
    }
}

/// An object that is being written. Dropped, it never was.
pub struct Writer {
    upload: Option<WriteMultipart>,
    /// Where it will be, in a folder of this machine.
    file: Option<PathBuf>,
}

impl Writer {
    /// Adds to it, as fast as the store takes it.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn write(&mut self, part: Bytes) -> Result<(), StoreError> {
        let writing = self.upload.as_mut().ok_or(StoreError::Unavailable)?;
        writing.wait_for_capacity(1).await?;
        writing.put(part);
        Ok(())
    }

    /// Ends it: it is there now, and stays so when the power fails.
    ///
    /// # Errors
    /// When the store cannot be used; it is not there then.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        let writing = self.upload.take().ok_or(StoreError::Unavailable)?;
        writing.finish().await?;
        if let Some(file) = self.file.take() {
            for path in [Some(file.as_path()), file.parent()].into_iter().flatten() {
                let kept = async { tokio::fs::File::open(path).await?.sync_all().await };
                kept.await.map_err(|_| StoreError::Unavailable)?;
            }
        }
        Ok(())
    }

    /// Gives it up.
    pub async fn abort(mut self) {
        if let Some(writing) = self.upload.take()
            && let Err(error) = writing.abort().await
        {
            tracing::info!(target: "objects", %error, "an upload that was given up could not be taken back");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let (Some(writing), Ok(runtime)) = (self.upload.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        runtime.spawn(async move { writing.abort().await });
    }
}
