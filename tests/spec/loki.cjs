// pino and winston with their transports for Loki: `node loki.cjs pino|winston URL SERVICE` sends two lines.

const [, , library, host, app] = process.argv;

if (library === "pino") {
  const pino = require("pino");
  const transport = pino.transport({ target: "pino-loki", options: { host, labels: { app } } });
  const log = pino(transport);
  log.error({ order: 7 }, "payment failed: grüße");
  log.info("second");
  transport.end();
} else {
  const winston = require("winston");
  const LokiTransport = require("winston-loki");
  const transport = new LokiTransport({ host, labels: { app }, json: true });
  const log = winston.createLogger({ transports: [transport] });
  log.error("payment failed: grüße", { order: 7 });
  log.info("second");
  log.on("finish", () => transport.flush().then(() => process.exit()));
  log.end();
}
