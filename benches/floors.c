/* The cheapest loops of bare signals in C, to check that the benchmark's floors are not slow.
 *
 *   floors poll COUNT     one SIGUSR1 there, one back; both ends poll sigtimedwait, each on its own CPU
 *   floors take COUNT     the same, but both ends sleep in sigwaitinfo, on one CPU
 *   floors words COUNT    queued signals of 24 bytes in a window of 32, polled, each end on its own CPU
 *
 * Prints the nanoseconds for each of COUNT. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORD = 44, WINDOW = 32 };

/* The kernel's siginfo_t on 64-bit machines, as far as a word uses it. */
struct info { int signo, error, code, pad, pid, uid; unsigned long value, more[2]; char rest[80]; };

static sigset_t all;
static int sleeps;

static void use_cpu(int number)
{
	cpu_set_t allowed, one;
	CPU_ZERO(&one);
	sched_getaffinity(0, sizeof allowed, &allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && number-- == 0)
			CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof one, &one))
		exit(1);
}

static void next(siginfo_t *info)
{
	static const struct timespec zero;
	while (sleeps ? sigwaitinfo(&all, info) < 0 : sigtimedwait(&all, info, &zero) < 0)
		;
}

static void word(pid_t to, unsigned long value)
{
	struct info info = { .error = value, .code = SI_QUEUE, .pid = getpid(), .uid = getuid(), .value = value };
	info.more[0] = info.more[1] = value;
	while (syscall(SYS_rt_sigqueueinfo, to, WORD, &info))
		;
}

static void answer(pid_t client, long count, int in_words)
{
	siginfo_t info;
	for (long n = 0; n < count; n++) {
		next(&info);
		if (!in_words)
			kill(client, SIGUSR1);
		else if ((n + 1) % (WINDOW / 2) == 0 || n + 1 == count)
			word(client, n + 1);
	}
}

static void ask(pid_t server, long count, int in_words)
{
	siginfo_t info;
	long sent = 0, acknowledged = 0;
	while (acknowledged < count) {
		while (in_words && sent < count && sent - acknowledged < WINDOW)
			word(server, sent++);
		if (!in_words)
			kill(server, acknowledged % 2 ? SIGUSR2 : SIGUSR1);
		next(&info);
		acknowledged = in_words ? (long)(unsigned long)info.si_value.sival_ptr : acknowledged + 1;
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int in_words = !strcmp(argv[1], "words"), status, ready[2];
	long count = atol(argv[2]);
	char byte = 0;
	struct timespec start, end;
	sleeps = !strcmp(argv[1], "take");
	sigemptyset(&all);
	sigaddset(&all, SIGUSR1);
	sigaddset(&all, SIGUSR2);
	sigaddset(&all, WORD);
	sigprocmask(SIG_BLOCK, &all, NULL);
	pid_t client = getpid();
	if (pipe(ready))
		return 1;
	pid_t server = fork();
	/* Whoever waits in vain ends. */
	alarm(60);
	if (server == 0) {
		use_cpu(0);
		if (write(ready[1], &byte, 1) != 1)
			return 1;
		answer(client, count, in_words);
		return 0;
	}
	use_cpu(sleeps ? 0 : 1);
	if (server < 0 || read(ready[0], &byte, 1) != 1)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &start);
	ask(server, count, in_words);
	clock_gettime(CLOCK_MONOTONIC, &end);
	waitpid(server, &status, 0);
	printf("%f\n", ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / count);
	return 0;
}
