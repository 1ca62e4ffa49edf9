/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "awsfed/xalloc.h"
#include "loop.h"

#define MANY 10000

static struct loop *loop;
static struct timer *timers[MANY];
static int fired[MANY], nfired;

static int
setup(void **state)
{
	(void)state;
	nfired = 0;
	loop = loop_new();
	return loop == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		loop->ops->timer_free(timers[i]);
		timers[i] = NULL;
	}
	loop_free(loop);
	return 0;
}

static void
note(void *arg)
{
	fired[nfired++] = (int)(intptr_t)arg;
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

/* Runs the loop for so many microseconds. */
static void
run(int64_t us)
{
	struct timer *t = timer_new(loop, stop, NULL);

	loop->ops->timer_set(t, deadline_in(loop->clk, us));
	assert_int_equal(loop_run(loop), 0);
	loop->ops->timer_free(t);
}

static struct timer *
numbered(int i)
{
	return timers[i] = timer_new(loop, note, (void *)(intptr_t)i);
}

static void
test_order(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		loop->ops->timer_set(
		    numbered(i), deadline_in(loop->clk, (5 - i) * 10 * MSEC));
	assert_true(loop->ops->timer_armed(timers[0]));
	run(100 * MSEC);
	assert_int_equal(nfired, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(fired[i], 4 - i);
	assert_false(loop->ops->timer_armed(timers[0]));
}

/* Zero deadlines: next turn, never inside set, in the order of setting. */
static void
test_zero(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		numbered(i);
	loop->ops->timer_set(timers[2], (struct deadline){ 0 });
	loop->ops->timer_set(timers[0], (struct deadline){ 0 });
	loop->ops->timer_set(timers[1], (struct deadline){ 0 });
	assert_int_equal(nfired, 0);
	run(5 * MSEC);
	assert_int_equal(nfired, 3);
	assert_int_equal(fired[0], 2);
	assert_int_equal(fired[1], 0);
	assert_int_equal(fired[2], 1);
}

/* Either clock alone is enough. */
static void
test_either_clock(void **state)
{
	struct deadline d = deadline_in(loop->clk, 10 * MSEC);

	(void)state;
	loop->ops->timer_set(
	    numbered(0), (struct deadline){ d.real, INT64_MAX });
	loop->ops->timer_set(
	    numbered(1), (struct deadline){ INT64_MAX, d.boot });
	loop->ops->timer_set(
	    numbered(2), (struct deadline){ INT64_MAX, INT64_MAX });
	loop->ops->timer_set(numbered(3), (struct deadline){ 1, d.boot });
	run(50 * MSEC);
	assert_int_equal(nfired, 3);
	assert_int_equal(fired[0], 3);
	assert_true(loop->ops->timer_armed(timers[2]));
}

static void
test_stop_and_move(void **state)
{
	(void)state;
	loop->ops->timer_set(numbered(0), deadline_in(loop->clk, 10 * MSEC));
	loop->ops->timer_set(numbered(1), deadline_in(loop->clk, 10 * MSEC));
	loop->ops->timer_set(numbered(2), deadline_in(loop->clk, 10 * MSEC));
	loop->ops->timer_stop(timers[0]);
	loop->ops->timer_set(timers[1], deadline_in(loop->clk, 40 * MSEC));
	run(80 * MSEC);
	assert_int_equal(nfired, 2);
	assert_int_equal(fired[0], 2);
	assert_int_equal(fired[1], 1);
}

static void
free_all(void *arg)
{
	(void)arg;
	nfired++;
	for (size_t i = 0; i < 10; i++) {
		loop->ops->timer_free(timers[i]);
		timers[i] = NULL;
	}
}

/* The first to fire frees the others and itself. */
static void
test_free_inside(void **state)
{
	(void)state;
	for (int pass = 0; pass < 2; pass++) {
		nfired = 0;
		for (int i = 0; i < 10; i++) {
			timers[i] = timer_new(loop, free_all, NULL);
			loop->ops->timer_set(timers[i],
			    pass == 0 ? (struct deadline){ 0 } :
					deadline_in(loop->clk, 5 * MSEC));
		}
		run(20 * MSEC);
		assert_int_equal(nfired, 1);
	}
}

static void
again(void *arg)
{
	(void)arg;
	nfired++;
	loop->ops->timer_set(timers[0], (struct deadline){ 0 });
}

/* A timer that always defers itself leaves room for others. */
static void
test_no_starvation(void **state)
{
	(void)state;
	timers[0] = timer_new(loop, again, NULL);
	loop->ops->timer_set(timers[0], (struct deadline){ 0 });
	run(20 * MSEC);
	assert_true(nfired > 1);
}

static void
test_many(void **state)
{
	(void)state;
	srandom(7);
	for (int i = 0; i < MANY; i++)
		loop->ops->timer_set(numbered(i),
		    deadline_in(loop->clk, random() % (100 * MSEC)));
	for (int i = 0; i < MANY; i += 2)
		loop->ops->timer_set(
		    timers[i], deadline_in(loop->clk, random() % (100 * MSEC)));
	for (int i = 0; i < MANY; i += 5)
		loop->ops->timer_stop(timers[i]);
	run(300 * MSEC);
	assert_int_equal(nfired, MANY - MANY / 5);
}

/* Idle means no wake-up. */
static void
test_idle(void **state)
{
	struct rusage before, after;

	(void)state;
	loop->ops->timer_set(numbered(0), deadline_in(loop->clk, 3600 * USEC));
	getrusage(RUSAGE_SELF, &before);
	run(500 * MSEC);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(nfired, 0);
	assert_true(after.ru_nvcsw - before.ru_nvcsw < 20);
}

static void
dawdle(void *arg)
{
	(void)arg;
	loop_note(loop, "Dawdle");
	usleep(LOOP_SLOW + 20000);
}

/* A turn that takes long is counted, and who took it is named. */
static void
test_meter(void **state)
{
	const struct loop_meter *m = loop->meter;
	uint64_t turns = m->turns, slow = m->slow;

	(void)state;
	timers[0] = timer_new(loop, note, NULL);
	timers[1] = timer_new(loop, dawdle, NULL);
	timers[2] = timer_new(loop, note, NULL);
	for (int i = 0; i < 3; i++)
		loop->ops->timer_set(timers[i], (struct deadline){ 0 });
	run(300 * MSEC);
	assert_int_equal(nfired, 2);
	assert_true(m->turns > turns);
	assert_true(m->slow > slow);
	assert_true(m->longest >= LOOP_SLOW + 20000);
	assert_string_equal(m->longest_in, "test-loop.c dawdle");
	assert_string_equal(m->longest_note, "Dawdle");
	assert_true(m->longest_real > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zero, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_either_clock, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_stop_and_move, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_free_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_no_starvation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_meter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_idle, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
