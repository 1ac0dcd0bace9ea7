# CardioV's app. Build: docker build -t cardiov .   Run with compose.yaml, which adds PostgreSQL and a proxy with TLS.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE app.py ./
COPY pages pages
COPY .streamlit .streamlit
COPY weights weights
COPY cardiov_core cardiov_core
COPY deploy/install.sh deploy/requirements.lock deploy/
RUN sh deploy/install.sh /opt/cardiov --locked

FROM python:3.12-slim
RUN useradd --system --uid 10001 --user-group --create-home --home-dir /home/cardiov cardiov
COPY --from=build /opt/cardiov /opt/cardiov
ENV PATH=/opt/cardiov/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib
# By number, so that an orchestrator can tell that it is not root.
USER 10001
WORKDIR /home/cardiov
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
# At every address of the container: without sign-in the pages stay closed (docs/use/install.md).
CMD ["cardiov", "app", "--server.address", "0.0.0.0", "--server.port", "8501", "--server.headless", "true"]
