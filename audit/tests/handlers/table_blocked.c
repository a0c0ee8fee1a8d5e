// expect: open
/* A child's status and PID go to a table of pairs, which the program reads and clears with SIGCHLD blocked. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 8

/* What other programs, which include this one, do instead. */
#ifndef BLOCKED
#define BLOCKED SIGCHLD
#endif
#ifndef BETWEEN
#define BETWEEN
#endif
#ifndef BEHIND
#define BEHIND
#endif

static volatile struct {
	pid_t pid;
	int status;
} ended[CHILDREN];

static void on_child(int sig)
{
	int saved = errno, status, i;
	pid_t pid;

	(void)sig;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < CHILDREN; i++) {
			if (ended[i].pid == 0) {
				ended[i].status = status;
				ended[i].pid = pid;
				break;
			}
		}
	}
	errno = saved;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_RESTART };
	sigset_t set, old;
	int i, status, sum = 0;

	(void)argc;
	(void)argv;
	sigaction(SIGCHLD, &action, NULL);
	if (fork() == 0)
		_exit(3);
	sigemptyset(&set);
	sigaddset(&set, BLOCKED);
	while (sum == 0) {
		sigprocmask(SIG_BLOCK, &set, &old);
		for (i = 0; i < CHILDREN; i++) {
			status = ended[i].status;
			BETWEEN
			if (ended[i].pid != 0) {
				sum += WEXITSTATUS(status);
				ended[i].pid = 0;
			}
		}
		sigprocmask(SIG_SETMASK, &old, NULL);
		BEHIND
	}
	return sum == 3 ? 0 : 1;
}
