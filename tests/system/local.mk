# SPDX-License-Identifier: Apache-2.0
# Tests from outside: the tree, the files that were built, the programs at work.
SYSTEM_TESTS = \
	tests/system/adfs-table.py \
	tests/system/layers.py \
	tests/system/linkage.py \
	tests/system/units.py \
	tests/system/manual.py \
	tests/system/process.py \
	tests/system/selftest.py \
	tests/system/seed.py \
	tests/system/aws-adfs-user.py \
	tests/system/migrating.py \
	tests/system/spine.py \
	tests/system/hosts.py tests/system/sharedhome.py \
	tests/system/sshforward.py \
	tests/system/second.py \
	tests/system/chained.py \
	tests/system/console.py \
	tests/system/crowd.py tests/system/once.py \
	tests/system/endpoint.py \
	tests/system/endpoint-attacks.py \
	tests/system/exec.py \
	tests/system/explain.py \
	tests/system/gone.py \
	tests/system/logout.py \
	tests/system/ownership.py \
	tests/system/readme.py \
	tests/system/reload.py tests/system/policy.py tests/system/lock.py \
	tests/system/recorder.py \
	tests/system/badinput.py \
	tests/system/clocks.py \
	tests/system/network.py tests/system/wake.py \
	tests/system/story.py tests/system/week.py \
	tests/system/feed.py tests/system/hooks.py \
	tests/system/askpass.py tests/system/notify.py \
	tests/system/sinks.py tests/system/protected.py \
	tests/system/keyring.py \
	tests/system/kubectl.py \
	tests/system/peers.py \
	tests/system/kerberos.py \
	tests/system/ntlm.py \
	tests/system/certificate.py \
	tests/system/peers-explain.py tests/system/peers-long.py \
	tests/system/peers-table.py tests/system/peers-terraform.py \
	tests/system/oddities.py \
	tests/system/proofpage.py \
	tests/system/tour.py tests/system/tour-pages.py \
	tests/system/tour-alone.py
TESTS += $(SYSTEM_TESTS)
EXTRA_DIST += $(SYSTEM_TESTS) \
	tests/demo/demo.py \
	tests/system/tap.py \
	tests/system/buses.py tests/system/desktop.py \
	tests/system/endpointlib.py \
	tests/system/harness.py \
	tests/tools/notifyd.py tests/tools/pinentry.py \
	tests/system/netns.py \
	tests/system/roads.py \
	tests/system/realm.py \
	tests/system/peerlib.py \
	tests/system/s3stub.py \
	tests/peers/peer.py tests/peers/peer.mjs \
	tests/peers/go-v1/main.go tests/peers/go-v2/main.go \
	tests/system/simulator.py \
	tests/system/terminal.py \
	tests/system/tourlib.py
