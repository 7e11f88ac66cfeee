"""Somebody with a browser, as far as the fault tests need one: signs in, opens pages, sends photographs."""

import http.cookiejar
import json
import re
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlencode

from urllib3.filepost import encode_multipart_formdata

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    status: int
    text: str

    @property
    def json(self) -> dict:
        return json.loads(self.text)


class Visitor:
    def __init__(self, url: str) -> None:
        self.url = url
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    def get(self, path: str) -> Answer:
        return self._open(urllib.request.Request(self.url + path))

    def sign_in(self, login: str, password: str) -> None:
        token = self._token(self.get("/accounts/login/").text)
        fields = {"csrfmiddlewaretoken": token, "email": login, "password": password}
        answer = self._post("/accounts/login/", urlencode(fields).encode(), "application/x-www-form-urlencoded")
        assert answer.status == 200 and "/accounts/logout/" in answer.text, answer.text[:2000]

    def upload(self, case: str, data: bytes, slot: str = "other") -> Answer:
        token = next(cookie.value for cookie in self._jar if cookie.name == "csrftoken")
        fields = {"csrfmiddlewaretoken": token, "slot": slot, "photo": ("photo.jpg", data, "image/jpeg")}
        return self._post(f"/my/cases/{case}/photos/", *encode_multipart_formdata(fields))

    def _post(self, path: str, body: bytes, content_type: str) -> Answer:
        headers = {"Content-Type": content_type, "Referer": self.url + path}
        return self._open(urllib.request.Request(self.url + path, data=body, headers=headers))

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return Answer(answer.status, answer.read().decode())
        except urllib.request.HTTPError as error:
            return Answer(error.code, error.read().decode(errors="replace"))

    def _token(self, page: str) -> str:
        return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
