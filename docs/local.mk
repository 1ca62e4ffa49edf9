# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += docs/awsfedd.8 docs/awsfed.conf.5
EXTRA_DIST += docs/ADFS.md docs/ADFS-ADMIN.md docs/ENDPOINT.md \
	docs/HACKING.md docs/MIGRATING.md docs/PROTOCOL.md
