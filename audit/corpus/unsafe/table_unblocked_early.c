// truth: unsafe: a part of the table is read after the signals are unblocked, through a pointer that was taken before
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 8

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

int main(void)
{
	struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_RESTART };
	sigset_t set, old;
	int i, status, sum = 0;
	volatile int *kept;

	sigaction(SIGCHLD, &action, NULL);
	if (fork() == 0)
		_exit(3);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (sum == 0) {
		sigprocmask(SIG_BLOCK, &set, &old);
		for (i = 0; i < CHILDREN; i++) {
			status = ended[i].status;
			if (ended[i].pid != 0) {
				sum += WEXITSTATUS(status);
				ended[i].pid = 0;
			}
		}
		kept = &ended[i % CHILDREN].status;
		sigprocmask(SIG_SETMASK, &old, NULL);
		status = kept[0];
		if (kept[-1] != 0)
			sum += WEXITSTATUS(status);
	}
	return sum == 3 ? 0 : 1;
}
