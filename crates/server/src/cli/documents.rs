//! Where files of patients lie, as `lamplight serve` is told.

use std::path::{Path, PathBuf};

use adapters::objects::{BucketConfig, Objects};
use adapters::scan::Scanner;
use clap::Args;
use eyre::WrapErr as _;

use crate::app::Cabinet;

#[derive(Args)]
#[group(id = "cabinet")]
#[command(next_help_heading = "Documents")]
pub(super) struct Options {
    /// Where files of patients lie, sealed: a folder, or s3://bucket/prefix with the credentials of the environment (AWS_*)
    /// [default: documents in the data folder]
    #[arg(long, env = "LAMPLIGHT_DOCUMENTS", value_name = "PLACE")]
    documents: Option<String>,
    /// The address of the service that keeps the bucket, when it is not Amazon's
    #[arg(long, env = "LAMPLIGHT_DOCUMENTS_ENDPOINT", value_name = "URL", requires = "documents")]
    documents_endpoint: Option<String>,
    /// The virus scanner that looks at each file: clamd, as unix:/path or tcp:host:port. Nothing passes while it is away
    #[arg(long, env = "LAMPLIGHT_CLAMAV", value_name = "ADDRESS")]
    clamav: Option<Scanner>,
}

impl Options {
    /// What was said, opened.
    pub(super) fn cabinet(&self, data_dir: &Path) -> eyre::Result<Cabinet> {
        const NAME: &str = "LAMPLIGHT_DOCUMENTS";
        let objects = match self.documents.as_deref() {
            Some(url) if url.starts_with("s3://") => Objects::bucket(&BucketConfig {
                url: url.to_owned(),
                endpoint: self.documents_endpoint.clone(),
                region: std::env::var("AWS_REGION").or_else(|_| std::env::var("AWS_DEFAULT_REGION")).ok(),
                credentials: None,
            }),
            Some(folder) => Objects::folder(&std::path::absolute(folder).wrap_err(NAME)?),
            None => Objects::folder(&data_dir.join("documents")),
        };
        Ok(Cabinet::new(objects.wrap_err(NAME)?, self.clamav.clone()))
    }

    /// As [`folder`].
    pub(super) fn folder(&self, data_dir: &Path) -> eyre::Result<Option<PathBuf>> {
        folder(self.documents.as_deref(), data_dir)
    }
}

/// The folder that files of patients lie in, by what was said of it; nothing when they lie in a bucket.
pub(super) fn folder(place: Option<&str>, data_dir: &Path) -> eyre::Result<Option<PathBuf>> {
    match place {
        Some(url) if url.starts_with("s3://") => Ok(None),
        Some(folder) => Ok(Some(std::path::absolute(folder).wrap_err("LAMPLIGHT_DOCUMENTS")?)),
        None => Ok(Some(data_dir.join("documents"))),
    }
}
