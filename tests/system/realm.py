# SPDX-License-Identifier: Apache-2.0
"""Real peers for tickets: a Kerberos realm, and Apache with mod_auth_gssapi in
front of the simulator's plain port. All on 127.0.0.1, as the world's own user,
ended with the world."""

import os
import socket
import subprocess

REALM, HOST = "EXAMPLE.TEST", "localhost"
APACHE, MODULES = "/usr/sbin/apache2", "/usr/lib/apache2/modules"
NEEDED = {"/usr/sbin/krb5kdc": "krb5-kdc",
          "/usr/sbin/kadmin.local": "krb5-admin-server",
          "/usr/bin/kinit": "krb5-user", APACHE: "apache2",
          MODULES + "/mod_auth_gssapi.so": "libapache2-mod-auth-gssapi"}


def missing():
    """The packages that are not installed."""
    return sorted({p for path, p in NEEDED.items()
                   if not os.path.exists(path)})


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Realm:
    """A KDC of its own with jane in it; kinit() gets her a ticket."""

    def __init__(self, world):
        self.world = world
        self.dir = os.path.join(world.base, "krb")
        world.own(self.dir, 0o700, folder=True)
        self.port = free_port()
        self.config = self.path("krb5.conf")
        self.cache = "FILE:" + self.path("cc")
        self.env = dict(world.env, KRB5_CONFIG=self.config,
                        KRB5_KDC_PROFILE=self.path("kdc.conf"),
                        KRB5CCNAME=self.cache, KRB5RCACHENAME="none:",
                        PATH="/usr/sbin:/sbin:" + world.env["PATH"])
        # The clock of the realm is the machine's own.
        for name in ("LD_PRELOAD", "WARP", "AWSFED_TEST_PRELOAD"):
            self.env.pop(name, None)
        world.write(self.config, """[libdefaults]
 default_realm = %s
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 %s = {
  kdc = 127.0.0.1:%d
 }
[domain_realm]
 localhost = %s
""" % (REALM, REALM, self.port, REALM))
        world.write(self.path("kdc.conf"), """[kdcdefaults]
 kdc_listen = 127.0.0.1:%d
 kdc_tcp_listen = 127.0.0.1:%d
[realms]
 %s = {
  database_name = %s
  key_stash_file = %s
  acl_file = %s
  max_life = 10h 0m 0s
  supported_enctypes = aes256-cts:normal
 }
[logging]
 kdc = FILE:%s
""" % (self.port, self.port, REALM, self.path("principal"),
       self.path("stash"), self.path("acl"), self.path("kdc.log")))
        self.run("kdb5_util", "create", "-r", REALM, "-s", "-P", "master")
        self.run("kadmin.local", "-r", REALM, stdin="""
addprinc -pw ticket jane
addprinc -pw ticket mary
addprinc -randkey HTTP/localhost
ktadd -k %s HTTP/localhost
""" % self.path("http.keytab"))
        self.kdc = None
        self.start()

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        self.kdc = self.world.spawn(
            ["/usr/sbin/krb5kdc", "-r", REALM, "-n"], "kdc", env=self.env)
        self.world.wait(lambda: listens(self.port), "the KDC to listen", 20)

    def stop(self):
        self.world.stop(self.kdc)

    def run(self, *argv, stdin="", **env):
        r = self.world.run(list(argv), stdin=stdin, timeout=60,
                           **dict(self.env, **env))
        if r.rc != 0:
            raise RuntimeError(repr(r))
        return r

    def kinit(self, who="jane", *args, cache=None):
        self.run("kinit", *args, who, stdin="ticket\n",
                 KRB5CCNAME=cache or self.cache)

    def kdestroy(self, cache=None):
        self.run("kdestroy", KRB5CCNAME=cache or self.cache)


def certificate(folder, name, san, ca="ca", usage="serverAuth",
                expired=False):
    """NAME.pem and NAME.key in folder, signed by the CA there, which is made
    when it is not there."""
    def openssl(*argv):
        subprocess.run(["openssl", *argv], check=True, cwd=folder,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    if not os.path.exists(os.path.join(folder, ca + ".pem")):
        openssl("req", "-x509", *new, "-days", "30", "-subj",
                "/CN=test " + ca, "-keyout", ca + ".key", "-out",
                ca + ".pem")
    openssl("req", *new, "-subj", "/CN=" + name, "-keyout", name + ".key",
            "-out", name + ".csr")
    with open(os.path.join(folder, name + ".ext"), "w",
              encoding="ascii") as f:
        f.write("subjectAltName=%s\nextendedKeyUsage=%s\n" % (san, usage))
    openssl("x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem", "-CAkey",
            ca + ".key", "-CAcreateserial", "-extfile", name + ".ext", "-days",
            "-1" if expired else "30", "-out", name + ".pem")


class Apache:
    """https://localhost:PORT, which looks at tickets on /adfs/ls/wia."""

    def __init__(self, world, realm):
        self.world = world
        self.dir = os.path.join(world.base, "apache")
        world.own(self.dir, 0o700, folder=True)
        certificate(self.dir, HOST, "DNS:localhost,IP:127.0.0.1")
        for end in (".pem", ".key"):
            world.own(os.path.join(self.dir, HOST + end), 0o600)
        self.port = free_port()
        self.host = "%s:%d" % (HOST, self.port)
        self.ca = os.path.join(world.base, "both-ca.pem")
        with open(os.path.join(self.dir, "ca.pem"), encoding="ascii") as f:
            ours = f.read()
        with open(world.sim.ca, encoding="ascii") as f:
            world.write(self.ca, ours + f.read(), 0o644)
        config = os.path.join(self.dir, "apache2.conf")
        load = "".join("LoadModule %s_module %s/mod_%s.so\n" % (m, MODULES, m)
                       for m in ("mpm_event", "authz_core", "authn_core",
                                 "authz_user", "auth_gssapi", "headers",
                                 "proxy", "proxy_http", "ssl",
                                 "socache_shmcb"))
        world.write(config, load + """ServerRoot %(dir)s
ServerName localhost
PidFile %(dir)s/pid
Listen 127.0.0.1:%(port)d
ErrorLog %(dir)s/error.log
LogLevel warn auth_gssapi:info
Mutex file:%(dir)s default
StartServers 1
ThreadsPerChild 8
ServerLimit 2
MinSpareThreads 1
MaxSpareThreads 16
MaxRequestWorkers 16
SSLEngine on
SSLSessionCache shmcb:%(dir)s/cache
SSLCertificateFile %(dir)s/localhost.pem
SSLCertificateKeyFile %(dir)s/localhost.key
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:%(plain)d/
RequestHeader unset X-Remote-User early
RequestHeader set X-Forwarded-Proto https early
<Location /adfs/ls/wia>
 AuthType GSSAPI
 AuthName adfs
 GssapiCredStore keytab:%(keytab)s
 GssapiAllowedMech krb5
 Require valid-user
 RequestHeader set X-Remote-User "expr=%%{REMOTE_USER}"
 RequestHeader unset Authorization
</Location>
""" % {"dir": self.dir, "port": self.port,
       "plain": world.sim.other_port("plain-port"),
       "keytab": realm.path("http.keytab")})
        world.spawn([APACHE, "-f", config, "-D", "FOREGROUND"], "apache",
                    env=realm.env)
        world.wait(lambda: listens(self.port), "Apache to listen", 20)
