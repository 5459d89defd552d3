"""Why a bucket refuses something, in a sentence, with nothing of its answer but the code."""

from __future__ import annotations

import re

from commercetools_source.errors import ConfigError
from commercetools_source.http.proxies import proxy_to

__all__ = ["reason"]

_NO_CREDENTIALS = "there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or those of your provider"

_CODE = re.compile(r"<Code>(\w+)</Code>|non-2xx status code: (\d{3})")
_ADDRESS = re.compile(r"https?://[^/\s,]+")
_REASONS = {
    "NoSuchBucket": "there is no such bucket; create it first, or mend its name",
    "InvalidAccessKeyId": "the access key is not known there; check the credentials",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key; check the credentials",
    "ExpiredToken": "the credentials have expired; get new ones",
    "InvalidToken": "the session token is not accepted; get new credentials, or unset AWS_SESSION_TOKEN",
    "RequestTimeTooSkewed": "the clock of this machine is wrong by more than 15 minutes; set it",
    "InvalidBucketName": "no bucket can have this name; mend it",
    "SlowDown": "the store is asked too often; run again later",
    "AccessDenied": "the credentials do not allow it; give them the right to list, read, write and delete there",
    "401": "the credentials are not accepted; check them",
    "403": "the credentials do not allow it; give them the right to list, read, write and delete there",
    "301": "the bucket is in another region; name it with ?region=...",
    "PermanentRedirect": "the bucket is in another region; name it with ?region=...",
    "AuthorizationHeaderMalformed": "the bucket is in another region; name it with ?region=...",
    "501": "the store puts nothing on a condition, which this needs; choose another one",
    "NotImplemented": "the store puts nothing on a condition, which this needs; choose another one",
    "NoSuchKey": "an object is missing, which another run may have removed; try again, then with --full"
    " (full=True in Python)",
    "404": "there is no such bucket; create it first, or mend its name",
}
"""What a person is told, by the code or HTTP status (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
Nothing else of an answer is shown: some stores repeat the access key in it."""


_BY_WORDS = {
    # Where the machines of a cloud ask for the credentials of their role; elsewhere nobody answers there, or a proxy.
    "169.254.169.254": _NO_CREDENTIALS,
    "computeMetadata": _NO_CREDENTIALS,
    "UnknownIssuer": "its certificate is signed by an authority that this machine does not trust; set"
    " REQUESTS_CA_BUNDLE to the file of the authority's certificates",
    "InvalidCertificate": "its certificate is refused; check its host name, and this machine's clock",
    "Account must be specified": "there is no account; set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
"""What a person is told by words of the error, whatever codes are in it."""


def reason(error: Exception) -> str:
    """Return why a bucket refused something, with nothing of its answer but the code."""
    text = str(error)
    if sentences := [sentence for words, sentence in _BY_WORDS.items() if words in text]:
        return sentences[0]
    codes = [code or status for code, status in _CODE.findall(text)]
    for code in sorted(codes, key=str.isdigit):  # a name says more than a status
        if code in _REASONS:
            return _REASONS[code]
    if codes:
        return f"the store answers {' '.join(dict.fromkeys(codes))}; try again, or look at its status page"
    if "redirect" in text:
        return _REASONS["301"]
    if "not valid for store" in text:
        return "it takes no such parameter"
    return _unanswered(text)


def _unanswered(text: str) -> str:
    """Return what to look at where no answer came: the proxy, too, if one leads to the address that `text` names."""
    asked = _ADDRESS.search(text)
    try:
        proxy = None if asked is None else proxy_to(asked[0])
    except ConfigError as error:
        return str(error)
    if proxy is None:
        return "the store does not answer; check the network and the endpoint"
    return f"the store does not answer through the proxy {proxy.name}; check {proxy.variable}, no_proxy and the proxy"
