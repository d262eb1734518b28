// OpenTelemetry's tracer in a page; the test bundles it. The page sets `service` and `collector`, and waits for `sent`.

import { SpanKind } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, WebTracerProvider } from "@opentelemetry/sdk-trace-web";

const exporter = new OTLPTraceExporter({ url: `${window.collector}/v1/traces` });
const provider = new WebTracerProvider({
  resource: resourceFromAttributes({ "service.name": window.service }),
  spanProcessors: [new BatchSpanProcessor(exporter)],
});
const span = provider.getTracer("page").startSpan("click", { kind: SpanKind.CLIENT, attributes: { "page.path": "/" } });
span.end();
window.trace = span.spanContext().traceId;
provider.forceFlush().then(
  () => (window.sent = "ok"),
  (error) => (window.sent = String(error)),
);
