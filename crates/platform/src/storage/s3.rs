use std::fmt;
use std::time::Duration;

use opendal::layers::{RetryLayer, TimeoutLayer};
use opendal::{HttpTransporter, Operator};

use opendal::services::S3;
use opendal_http_transport_reqwest::ReqwestTransport;
use url::Url;

use super::StorageError;
use crate::tls;

/// How long connecting to the service may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one try of a command, or of one piece of a transfer, may take.
const TRY_TIMEOUT: Duration = Duration::from_mins(1);
/// How often a command that failed for a reason that may pass is tried again.
const RETRIES: usize = 2;
/// How long to wait before the first of these; before the next it is twice as long.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Where the bucket is and how to get in.
#[derive(Clone)]
pub struct S3Options {
    /// The service's URL, such as `https://s3.eu-central-1.amazonaws.com` or `http://minio:9000`.
    pub endpoint: String,
    /// The access key's id.
    pub access_key_id: String,
    /// The access key's secret. Never shown.
    pub secret_access_key: String,
    /// The bucket's name.
    pub bucket: String,
    /// The region that requests are signed for, such as `us-east-1`.
    pub region: String,
    /// Whether URLs of files are signed: for buckets that are not public.
    pub querystring_auth: bool,
}

impl fmt::Debug for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Options")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("querystring_auth", &self.querystring_auth)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(super) struct Bucket {
    /// Without a slash at its end.
    pub endpoint: String,
    pub name: String,
    region: String,
    pub querystring_auth: bool,
}

impl Bucket {
    pub fn open(options: &S3Options) -> Result<(Operator, Self), StorageError> {
        let endpoint = checked_endpoint(&options.endpoint)?;
        // Nothing is taken from the environment or from files: the options are all there is.
        let service = S3::default()
            .endpoint(&endpoint)
            .region(&options.region)
            .bucket(&options.bucket)
            .access_key_id(&options.access_key_id)
            .secret_access_key(&options.secret_access_key)
            .disable_config_load()
            .disable_ec2_metadata();
        let operator = Operator::new(service).map_err(StorageError::Failed)?;
        let context = operator.context().with_http_transport(http_transport()?);
        let operator = operator
            .with_context(context)
            .layer(
                TimeoutLayer::new()
                    .with_timeout(TRY_TIMEOUT)
                    .with_io_timeout(TRY_TIMEOUT),
            )
            .layer(
                RetryLayer::new()
                    .with_max_times(RETRIES)
                    .with_min_delay(RETRY_PAUSE)
                    .with_jitter(),
            );
        let bucket = Self {
            endpoint,
            name: options.bucket.clone(),
            region: options.region.clone(),
            querystring_auth: options.querystring_auth,
        };
        Ok((operator, bucket))
    }

    pub fn description(&self) -> Vec<String> {
        let signed = if self.querystring_auth {
            "signed for an hour"
        } else {
            "public"
        };
        vec![
            "backend: S3".to_owned(),
            format!("endpoint: {}", self.endpoint),
            format!("bucket: {}", self.name),
            format!("region: {}", self.region),
            format!("URLs: {signed}"),
        ]
    }
}

fn checked_endpoint(endpoint: &str) -> Result<String, StorageError> {
    let wrong = |what: &str| StorageError::Misconfigured(format!("the S3 endpoint {what}"));
    let url = Url::parse(endpoint).map_err(|error| wrong(&format!("is not a URL ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong("must begin with http:// or https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not contain a user or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must not contain a query or fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn http_transport() -> Result<HttpTransporter, StorageError> {
    tls::use_ring();
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .build();
    let client = client.map_err(|error| StorageError::Misconfigured(error.to_string()))?;
    Ok(HttpTransporter::new(ReqwestTransport::new(client)))
}
