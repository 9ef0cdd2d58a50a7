//! One line a request: what was asked, how it ended, how long it took, on whose behalf. Templates, numbers and the
//! request id only: no path, query, header, body or patient ever comes here.

use std::panic;
use std::sync::Arc;

use kernel::{MembershipId, OrganizationId, RequestId};
use tokio::time::Instant;

use crate::http::Metrics;
use crate::http::errors::Cause;

/// On whose behalf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who {
    pub(crate) organization: OrganizationId,
    pub(crate) membership: MembershipId,
}

/// The line of a request at work. Dropped without an end, the caller went away, and the line says so.
pub(crate) struct Line {
    request: RequestId,
    method: &'static str,
    route: &'static str,
    begun: Instant,
    cause: Option<String>,
    metrics: Arc<Metrics>,
    ended: bool,
}

impl Line {
    pub(crate) fn begin(
        request: RequestId,
        method: &'static str,
        route: &'static str,
        metrics: Arc<Metrics>,
    ) -> Self {
        metrics.begun();
        // tidy: allow(ambient) a duration needs the monotonic clock, which tells no time of day
        Self { request, method, route, begun: Instant::now(), cause: None, metrics, ended: false }
    }

    /// Notes why it failed.
    pub(crate) fn failed(&mut self, cause: &Cause) {
        match cause {
            Cause::Asked => {}
            Cause::AuditUnavailable => {
                self.metrics.audit_unavailable();
                self.cause = Some("the audit log is not available".to_owned());
            }
            Cause::Broken(what) => self.cause = Some(what.clone()),
        }
    }

    /// Writes it.
    pub(crate) fn end(mut self, status: u16, who: Option<&Who>) {
        self.ended = true;
        let took = self.begun.elapsed();
        self.metrics.ended(self.method, self.route, status, took);
        tracing::info!(
            target: "http",
            request = %self.request,
            method = self.method,
            route = self.route,
            status,
            duration_ms = took.as_secs_f64() * 1000.0,
            organization = who.map(|who| who.organization.0),
            membership = who.map(|who| who.membership.0),
            cause = self.cause.as_deref(),
            "request"
        );
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let took = self.begun.elapsed();
        // 499: the caller went away, as nginx writes it; nothing was sent.
        self.metrics.ended(self.method, self.route, 499, took);
        tracing::info!(
            target: "http",
            request = %self.request,
            method = self.method,
            route = self.route,
            status = 499,
            duration_ms = took.as_secs_f64() * 1000.0,
            "request"
        );
    }
}

/// From now on a panic is logged by its place alone: its message may hold values.
pub fn quiet_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "http", place, "panic");
    }));
}
