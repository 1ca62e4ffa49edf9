# SPDX-License-Identifier: Apache-2.0
"""A browser small enough to trust: stdlib only, for tests of the simulator."""
import html.parser
import http.client
import os
import socket
import ssl
import urllib.parse

ENTRY = "/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp=urn:amazon:webservices"


class Forms(html.parser.HTMLParser):
    """Forms with their fields, texts by id, the title."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.texts, self.ids = [], {}, {}
        self._form, self._select, self._open = None, None, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if "id" in a:
            self.ids[a["id"]] = dict(a, tag=tag)
        if tag == "form":
            self._form = dict(a, fields=[], submits=[])
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None and a.get("name"):
            if a.get("type") == "submit":
                self._form["submits"].append((a["name"], a.get("value") or ""))
            elif a.get("type") not in ("checkbox", "radio"):
                self._form["fields"].append((a["name"], a.get("value") or ""))
        elif tag == "select" and self._form is not None:
            self._select = a.get("name")
        elif tag == "option" and self._form is not None and self._select:
            self._form["fields"].append((self._select, a.get("value") or ""))
            self._select = None
        if tag not in ("input", "meta", "link", "img", "br", "hr"):
            self._open.append((tag, a.get("id") or tag))

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        for _, name in self._open:
            self.texts[name] = self.texts.get(name, "") + data

    def form(self, name):
        for f in self.forms:
            if name in (f.get("id"), f.get("name")):
                return f
        return None


class Answer:
    def __init__(self, status, headers, body, url):
        self.status, self.headers, self.body, self.url = (
            status, headers, body, url)
        self.text = body.decode("utf-8", "replace")
        self.page = Forms(self.text)

    def error(self):
        return self.page.texts.get("errorText", "").strip()

    def assertion(self):
        for f in self.page.forms:
            for name, value in f["fields"]:
                if name == "SAMLResponse":
                    return value
        return None


class Here(http.client.HTTPSConnection):
    """Any host name is here."""

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), 20)
        self.sock = self._context.wrap_socket(sock, server_hostname=self.host)


class Browser:
    def __init__(self, directory, host="localhost", port=None, tls=True,
                 cookies=True):
        name = "port" if tls else "plain-port"
        if port is None:
            with open(os.path.join(directory, name)) as f:
                port = int(f.read())
        self.host, self.port, self.tls = host, port, tls
        self.keep, self.jar, self.attributes = cookies, {}, {}
        self.context = ssl.create_default_context(
            cafile=os.path.join(directory, "ca.pem"))
        self.conn = None
        self.headers = {"User-Agent": "awsfed/0 (browser.py)"}

    def _connection(self):
        if self.conn is None:
            address = ("127.0.0.1", self.port)
            if self.tls:
                self.conn = Here(
                    self.host, self.port, timeout=20, context=self.context)
            else:
                self.conn = http.client.HTTPConnection(*address, timeout=20)
        return self.conn

    def close(self):
        if self.conn is not None:
            self.conn.close()
            self.conn = None

    def _learn(self, headers):
        for line in headers.get_all("Set-Cookie") or []:
            pair, _, attributes = line.partition(";")
            name, _, value = pair.partition("=")
            self.attributes[name] = attributes
            if value == "" or not self.keep:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value

    def send(self, method, target, body=None, headers=None):
        """One request, no redirects."""
        h = dict(self.headers)
        if self.jar and target.lower().startswith("/adfs"):
            h["Cookie"] = "; ".join("%s=%s" % p for p in self.jar.items())
        if isinstance(body, (dict, list)):
            body = urllib.parse.urlencode(body)
            h["Content-Type"] = "application/x-www-form-urlencoded"
        h.update(headers or {})
        conn = self._connection()
        try:
            conn.request(method, target, body, h)
            r = conn.getresponse()
            data = r.read()
        except Exception:
            self.close()
            raise
        self._learn(r.headers)
        return Answer(r.status, r.headers, data, target)

    def follow(self, method, target, body=None, limit=10):
        """The same, and after each 302 a GET, on this host only."""
        r = self.send(method, target, body)
        while r.status == 302 and limit > 0:
            target = self.local(r.headers["Location"])
            r = self.send("GET", target)
            limit -= 1
        return r

    def local(self, url):
        u = urllib.parse.urlsplit(urllib.parse.urljoin(
            "https://%s:%d/" % (self.host, self.port), url))
        if u.port != self.port or u.hostname != self.host:
            raise ValueError("foreign address " + url)
        return u.path + ("?" + u.query if u.query else "")

    def fill(self, page, name, press=None, **values):
        """Posts one form as a browser would, with some fields filled in and
        the first button, or the one of a name, pressed (False: by script)."""
        form = page.page.form(name)
        fields = [(n, values.pop(n, v)) for n, v in form["fields"]]
        fields += list(values.items())
        if press is not False:
            fields += [s for s in form["submits"]
                       if press is None or s[0] == press][:1]
        return self.follow(
            "POST", self.local(form.get("action") or page.url), fields)

    def choose(self, page, name, fields):
        """Posts a form with exactly these fields."""
        return self.follow(
            "POST", self.local(page.page.form(name)["action"]), fields)

    def login(self, user, password, entry=ENTRY, **more):
        page = self.follow("GET", entry)
        if page.page.form("loginForm") is None:
            return page
        more.setdefault("AuthMethod", "FormsAuthentication")
        return self.fill(page, "loginForm", UserName=user, Password=password,
                         **more)
