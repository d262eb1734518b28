FROM node:22.21.1-bookworm-slim AS charts
WORKDIR /web
COPY analytics/web/package.json analytics/web/package-lock.json ./
RUN npm ci --no-audit --no-fund

FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8099 ANALYTICS_DATA_DIR=/data
# tells `analytics config` which values are the image's own
ENV ANALYTICS_IMAGE_DEFAULTS=HOST=$HOST,PORT=$PORT,ANALYTICS_DATA_DIR=$ANALYTICS_DATA_DIR
WORKDIR /srv

COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

COPY wsgi.py gunicorn.conf.py app.py ./
COPY analytics analytics
COPY clients clients
# otherwise each start would compile all modules
RUN python -m compileall -q analytics clients
COPY --from=charts /web/node_modules/uplot/dist analytics/web/node_modules/uplot/dist
# always the same id, so that an image built anew can use the volume of the one before
RUN useradd --system --uid 900 --no-create-home analytics && mkdir /data && chown analytics /data
VOLUME /data
USER analytics

EXPOSE 8099
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/ready', timeout=2)"]
CMD ["gunicorn", "-k", "gevent", "-c", "gunicorn.conf.py", "wsgi:app"]
