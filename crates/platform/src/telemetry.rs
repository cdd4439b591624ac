//! Logs, metrics, traces.

use std::{fmt, io::IsTerminal as _, sync::OnceLock};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::{clock::Clock, config::Config};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::VariantNames, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Pretty,
}
crate::choice_setting!(LogFormat);

/// Upper bounds of the latency histograms, in seconds.
const LATENCY_BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// What must be flushed before the process ends.
#[must_use]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets logs, metrics and, when configured, traces up for the whole process.
    pub fn start(config: &Config) -> anyhow::Result<Self> {
        crate::tls::use_ring();
        let default = if config.is_production() {
            LogFormat::Json
        } else {
            LogFormat::Pretty
        };
        let settings = &config.telemetry;
        let filter = EnvFilter::try_new(settings.log_level.to_ascii_lowercase())
            .map_err(|error| anyhow::anyhow!("LOG_LEVEL is no valid filter: {error}"))?;
        let lines = match settings.log_format.unwrap_or(default) {
            LogFormat::Json => tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                // The request's id is read from the formatted span, where colours would stand around it.
                .with_ansi(false)
                .event_format(JsonLine(Clock::system()))
                .boxed(),
            LogFormat::Pretty => tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal())
                .with_target(false)
                .boxed(),
        };
        let traces = settings
            .otlp_endpoint
            .as_ref()
            .map(|endpoint| traces(endpoint.expose(), settings.trace_percent))
            .transpose()?;
        let spans = traces
            .as_ref()
            .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("selflink")));
        tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .with(spans)
            .init();
        start_metrics()?;
        Ok(Self { traces })
    }

    /// Sends what has not been sent.
    pub fn finish(self) {
        if let Some(Err(error)) = self.traces.map(|traces| traces.shutdown()) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

fn traces(endpoint: &str, percent: u32) -> anyhow::Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(f64::from(percent) / 100.0)));
    let resource = opentelemetry_sdk::Resource::builder()
        .with_service_name("selflink")
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(resource)
        .build())
}

/// Collects metrics from here on; a second call in the same process changes nothing.
pub fn start_metrics() -> anyhow::Result<()> {
    if METRICS.get().is_some() {
        return Ok(());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_BUCKETS)?
        .build_recorder();
    let handle = recorder.handle();
    // Another thread may have been first: its recorder counts.
    if metrics::set_global_recorder(recorder).is_ok() {
        let _ = METRICS.set(handle);
    }
    Ok(())
}

/// The metrics in Prometheus' text format, those of the process itself brought up to date.
pub(crate) fn render_metrics() -> String {
    metrics_process::Collector::default().collect();
    METRICS.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Histograms grow with every request until somebody asks for them; called now and then by long-running processes.
pub(crate) fn compact_metrics() {
    if let Some(handle) = METRICS.get() {
        handle.run_upkeep();
    }
}

/// One JSON object per line, with the names that log collectors of this instance expect.
struct JsonLine(Clock);

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let Fields(mut fields) = fields;
        let request_id = context.lookup_current().and_then(|span| {
            let outermost = span.scope().from_root().next()?;
            let extensions = outermost.extensions();
            let text = extensions.get::<FormattedFields<N>>()?.fields.clone();
            text.split_whitespace()
                .find_map(|field| Some(field.strip_prefix("request_id=")?.trim_matches('"').to_owned()))
        });
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => "ERROR",
            tracing::Level::WARN => "WARNING",
            tracing::Level::INFO => "INFO",
            _ => "DEBUG",
        };
        for name in ["request", "request_body", "data", "body"] {
            // Whatever was meant by it: bodies do not reach the logs.
            if let Some(value) = fields.get_mut(name) {
                *value = Value::Null;
            }
        }
        fields.insert("levelname".to_owned(), level.into());
        fields.insert("name".to_owned(), event.metadata().target().into());
        fields.insert(
            "asctime".to_owned(),
            self.0.now().format("%Y-%m-%d %H:%M:%S,%3f").to_string().into(),
        );
        fields.insert("request_id".to_owned(), request_id.into());
        writeln!(writer, "{}", Value::Object(fields))
    }
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}
