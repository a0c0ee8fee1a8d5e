// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
__asm__(".text\n.globl on\n.type on,@function\non: xbegin 1f\nxend\nret\n1: sub $8,%rsp\ncall bad\nadd $8,%rsp\nret\n.size on,.-on\n");
void on(int);
void bad(void) { puts("x"); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
