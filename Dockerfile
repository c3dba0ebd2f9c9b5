FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 REGISTRY_STATIC_ROOT=/srv/static REGISTRY_DUMPS=/srv/dumps REGISTRY_DOCUMENTS=/srv/documents
WORKDIR /srv/registry
# Letters of every script for certificates as PDF; what makes the spoken answers.
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-noto-core espeak-ng lame && rm -rf /var/lib/apt/lists/*
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY manage.py ./
COPY registry registry
COPY verification verification
COPY api api
# Neither a database nor a secret is at hand while the image is built: these only let the commands start.
RUN DATABASE_URL=postgresql:///none REGISTRY_DEMO=false REGISTRY_SECRET_KEY=none REGISTRY_IDENTITY_KEY=none \
    python manage.py collectstatic --noinput \
    && DATABASE_URL=postgresql:///none REGISTRY_DEMO=false REGISTRY_SECRET_KEY=none REGISTRY_IDENTITY_KEY=none \
    python manage.py spoken \
    && useradd --system --no-create-home --user-group registry \
    && useradd --system --no-create-home --gid registry signer \
    && install --directory --owner=signer --group=registry --mode=0700 /srv/keys \
    && install --directory --owner=signer --group=registry --mode=0750 /run/registry
# The worker writes the dumps, the public application reads them: a volume mounted here begins with this owner.
RUN install --directory --owner=registry --group=registry --mode=0755 /srv/dumps
# The page that the proxy shows while nothing answers; whoever prepares the database writes it, the proxy reads it.
RUN install --directory --owner=registry --group=registry --mode=0755 /srv/could-not-check
# Papers of applicants: the desk alone, in a volume that is part of every backup.
RUN install --directory --owner=registry --group=registry --mode=0700 /srv/documents
USER registry
EXPOSE 8000 8001
CMD ["granian", "--interface=wsgi", "--host=0.0.0.0", "--port=8000", "--workers=2", "--blocking-threads=2", "--workers-kill-timeout=5", "--no-ws", "api.conf.public:application"]
