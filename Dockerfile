FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8099
WORKDIR /srv

COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

COPY wsgi.py gunicorn.conf.py app.py ./
COPY analytics analytics
RUN useradd --system --no-create-home analytics
USER analytics

EXPOSE 8099
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/ready', timeout=2)"]
CMD ["gunicorn", "-k", "gevent", "-c", "gunicorn.conf.py", "wsgi:app"]
