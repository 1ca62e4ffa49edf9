# SPDX-License-Identifier: Apache-2.0
# The adapters of the agent, its socket and service surfaces, and their tests.

# ---- the outside world by hand, for the engine's unit programs --------------
check_LIBRARIES += tests/unit/libfake.a
tests_unit_libfake_a_SOURCES = tests/unit/fake.h tests/unit/fake.c
tests_unit_libfake_a_CPPFLAGS = $(UNIT_CPPFLAGS) $(JANSSON_CFLAGS)
LIBFAKE = tests/unit/libfake.a
