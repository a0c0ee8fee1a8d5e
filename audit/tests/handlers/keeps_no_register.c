// expect: fail
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
__asm__(".text\nhelper: lea helper(%rip),%rbx\nret\n");
void helper(void);
volatile int n;
static void on(int s) { __asm__ volatile("sub $128,%%rsp\ncall helper\nadd $128,%%rsp" ::: "rax", "memory"); n = s; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
