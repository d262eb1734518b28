// OpenTelemetry around a Node http server: `node otel.cjs http|proto` sends JSON or protobuf, three requests in all.
// The service and the endpoint come from OpenTelemetry's own variables of the environment.

const { SeverityNumber } = require("@opentelemetry/api-logs");
const { metrics, trace, SpanStatusCode } = require("@opentelemetry/api");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const { BatchLogRecordProcessor, LoggerProvider } = require("@opentelemetry/sdk-logs");
const { MeterProvider, PeriodicExportingMetricReader } = require("@opentelemetry/sdk-metrics");
const { BatchSpanProcessor, NodeTracerProvider } = require("@opentelemetry/sdk-trace-node");
const { resourceFromAttributes } = require("@opentelemetry/resources");

const form = process.argv[2];
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${form}`);
const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${form}`);
const { OTLPMetricExporter } = require(`@opentelemetry/exporter-metrics-otlp-${form}`);

const resource = resourceFromAttributes({ "service.name": process.env.OTEL_SERVICE_NAME });
const traces = new NodeTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
const logs = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })],
});
const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(), exportIntervalMillis: 60_000 });
const meters = new MeterProvider({ resource, readers: [reader] });
traces.register();
metrics.setGlobalMeterProvider(meters);
registerInstrumentations({ tracerProvider: traces, instrumentations: [new HttpInstrumentation()] });

const http = require("node:http");
const orders = meters.getMeter("shop").createCounter("orders");
const log = logs.getLogger("shop");

const server = http.createServer((request, response) => {
  const span = trace.getActiveSpan();
  span.setAttribute("http.route", "/pay/{number}");
  span.setAttribute("user.id", "ann");
  span.recordException(new Error("no card"));
  span.setStatus({ code: SpanStatusCode.ERROR, message: "no card" });
  orders.add(1, { payment: "card" });
  log.emit({ severityNumber: SeverityNumber.ERROR, severityText: "ERROR", body: "payment failed: grüße" });
  response.end("ok");
});

const get = (url) => new Promise((resolve) => http.get(url, (answer) => answer.resume().on("end", resolve)));

server.listen(0, "127.0.0.1", async () => {
  for (const number of [1, 2, 3]) await get(`http://127.0.0.1:${server.address().port}/pay/${number}`);
  server.close();
  server.closeAllConnections();
  for (const provider of [traces, logs, meters]) await provider.shutdown();
});
