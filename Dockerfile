# docker build --tag commercetools-source .
FROM python:3.13-slim AS build
COPY . /source
RUN pip install --no-cache-dir --no-compile --prefix=/installed '/source[cli,duckdb,fast,sandbox]'

FROM python:3.13-slim
COPY --from=build /installed /usr/local
# A volume takes over who owns its folder, so the folder is there before.
RUN useradd --uid 1000 --create-home shop && mkdir /data && chown shop /data
USER shop
WORKDIR /data
VOLUME /data
ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["commercetools-source"]
CMD ["sync", "--destination", "/data/shop.duckdb"]
