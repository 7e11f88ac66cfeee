FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=config.settings.production DERMFORWARD_VAR=/var/lib/dermforward
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN useradd --system --home /var/lib/dermforward dermforward && install -d -o dermforward /var/lib/dermforward
USER dermforward
EXPOSE 8000
CMD ["sh", "-c", "python manage.py collectstatic --noinput --verbosity 0 && exec gunicorn config.wsgi:application --bind 0.0.0.0:8000 --workers 2 --threads 4 --timeout 60 --no-control-socket"]
