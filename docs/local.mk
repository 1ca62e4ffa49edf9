# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += docs/awsfedd.8 docs/awsfed.conf.5 \
	docs/awsfed-policy.conf.5
EXTRA_DIST += docs/ADFS.md docs/ADFS-ADMIN.md docs/ENDPOINT.md \
	docs/HACKING.md docs/MIGRATING.md docs/PROTOCOL.md
EXTRA_DIST += docs/fleet.svg docs/FAULTS.md docs/PROOF.md docs/SECURITY.md \
	docs/USING.md docs/kubectl.md
promptsdir = $(pkgdatadir)/prompts
dist_prompts_DATA = docs/prompts/awsfed.bash docs/prompts/awsfed.zsh \
	docs/prompts/awsfed.fish docs/prompts/awsfed.tmux \
	docs/prompts/starship.toml
dist_prompts_SCRIPTS = docs/prompts/awsfed-prompt
dist_pkgdata_SCRIPTS = docs/awsfed-eks-token
