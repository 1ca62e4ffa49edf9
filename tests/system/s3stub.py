# SPDX-License-Identifier: Apache-2.0
"""An S3 in memory that records who signed. Path style, plain HTTP, loopback.

A request is let in when its access key and session token were allowed and its
signature (version 4, in the Authorization header) is right; all others get
403. seen has (method, path, access key or None, session token or None)."""
import hashlib
import hmac
import http.server
import re
import threading
import urllib.parse
from xml.sax.saxutils import escape

CREDENTIAL = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^, ]+), ?SignedHeaders=([^, ]+), "
    r"?Signature=([0-9a-f]{64})")
CHUNKED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
DATE = "2026-01-01T00:00:00.000Z"
HTTP_DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(secret, request, scope, names, body_hash):
    """What it must be; request is a handler."""
    path, _, query = request.path.partition("?")
    pairs = sorted((p.split("=", 1) + [""])[:2] for p in query.split("&") if p)
    headers = "".join("%s:%s\n" % (n, " ".join(
        ",".join(request.headers.get_all(n, [])).split()))
        for n in names.split(";"))
    canonical = "\n".join((
        request.command, path, "&".join("=".join(p) for p in pairs), headers,
        names, body_hash))
    stamp = request.headers["x-amz-date"]
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()))
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return _hmac(key, text).hex()


def unchunk(data):
    """The payload of aws-chunked."""
    out = b""
    while data:
        head, data = data.split(b"\r\n", 1)
        size = int(head.split(b";")[0], 16)
        out, data = out + data[:size], data[size + 2:]
    return out


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return data if self.headers.get("x-amz-content-sha256") != CHUNKED \
            else unchunk(data)

    def reply(self, status, text=b"", **headers):
        data = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def fail(self, status, code):
        self.reply(status, "<?xml version=\"1.0\"?><Error><Code>%s</Code>"
                   "<Message>%s</Message></Error>" % (code, code),
                   Content_Type="application/xml")

    def xml(self, name, inner):
        self.reply(200, "<?xml version=\"1.0\"?><%s xmlns=\"http://s3."
                   "amazonaws.com/doc/2006-03-01/\">%s</%s>" % (
                       name, inner, name), Content_Type="application/xml")

    def let_in(self):
        """Records the request; whether it may go on."""
        s3 = self.server.s3
        token = self.headers.get("x-amz-security-token")
        found = CREDENTIAL.fullmatch(self.headers.get("Authorization", ""))
        key = found.group(1) if found else None
        s3.seen.append((self.command, self.path, key, token))
        secret = s3.allowed.get((key, token))
        if secret is None:
            self.fail(403, "InvalidAccessKeyId" if found else "AccessDenied")
            return False
        want = signature(secret, self, found.group(2), found.group(3),
                         self.headers.get("x-amz-content-sha256", ""))
        if not hmac.compare_digest(want, found.group(4)):
            self.fail(403, "SignatureDoesNotMatch")
            return False
        return True

    def answer(self):
        data = self.body()
        if not self.let_in():
            return
        path, _, query = self.path.partition("?")
        args = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
        buckets = self.server.s3.buckets
        if not bucket:
            self.xml("ListAllMyBucketsResult", "<Owner><ID>o</ID></Owner>"
                     "<Buckets>%s</Buckets>" % "".join(
                         "<Bucket><Name>%s</Name><CreationDate>%s"
                         "</CreationDate></Bucket>" % (escape(b), DATE)
                         for b in sorted(buckets)))
        elif not key:
            self.of_bucket(bucket, args, buckets)
        elif bucket not in buckets:
            self.fail(404, "NoSuchBucket")
        else:
            self.of_object(buckets[bucket], key, data)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = answer

    def of_bucket(self, bucket, args, buckets):
        if self.command == "PUT":
            buckets.setdefault(bucket, {})
            self.reply(200)
        elif bucket not in buckets:
            self.fail(404, "NoSuchBucket")
        elif self.command == "HEAD":
            self.reply(200)
        elif "location" in args:
            self.xml("LocationConstraint", "")
        else:
            self.listing(bucket, args, buckets[bucket])

    def listing(self, bucket, args, objects):
        prefix, cut = args.get("prefix", ""), args.get("delimiter", "")
        files, folders = [], set()
        for key in sorted(k for k in objects if k.startswith(prefix)):
            rest = key[len(prefix):]
            if cut and cut in rest:
                folders.add(prefix + rest.split(cut)[0] + cut)
            else:
                files.append(key)
        self.xml("ListBucketResult", "<Name>%s</Name><Prefix>%s</Prefix>"
                 "<IsTruncated>false</IsTruncated>" % (escape(bucket),
                                                       escape(prefix)) +
                 "".join("<Contents><Key>%s</Key><Size>%d</Size><ETag>x</ETag>"
                         "<LastModified>%s</LastModified></Contents>" % (
                             escape(k), len(objects[k]), DATE)
                         for k in files) +
                 "".join("<CommonPrefixes><Prefix>%s</Prefix>"
                         "</CommonPrefixes>" % escape(f)
                         for f in sorted(folders)))

    def of_object(self, objects, key, data):
        etag = "\"%s\"" % hashlib.md5(objects.get(key, data)).hexdigest()
        if self.command == "PUT":
            objects[key] = data
            self.reply(200, ETag="\"%s\"" % hashlib.md5(data).hexdigest())
        elif key not in objects:
            self.fail(404, "NoSuchKey")
        elif self.command == "DELETE":
            del objects[key]
            self.reply(204)
        else:
            whole = objects[key]
            part = re.fullmatch(r"bytes=(\d+)-(\d*)",
                                self.headers.get("Range", ""))
            more = {}
            text = whole
            if part:
                end = int(part.group(2) or len(whole) - 1)
                text = whole[int(part.group(1)):end + 1]
                more["Content_Range"] = "bytes %s-%d/%d" % (
                    part.group(1), end, len(whole))
            self.reply(206 if part else 200, text, ETag=etag,
                       Last_Modified=HTTP_DATE, Accept_Ranges="bytes",
                       Content_Length=str(len(text)), **more)


class S3:
    def __init__(self, *buckets):
        self.buckets = {b: {} for b in buckets}
        self.allowed, self.seen = {}, []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.server.s3 = self
        self.host = "127.0.0.1:%d" % self.server.server_port
        self.url = "http://" + self.host
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def allow(self, key, secret, token):
        self.allowed[(key, token)] = secret

    def signers(self):
        """Who signed since the last look; None: nobody."""
        seen, self.seen[:] = list(self.seen), []
        return {key for _, _, key, _ in seen}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
