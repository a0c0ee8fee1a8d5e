// expect: undecided
#include <signal.h>
#include <unistd.h>
void on(int);
volatile int flag;
__asm__(".text\n.globl on\n.type on,@function\non:\n.cfi_startproc\n"
    "sub $24,%rsp\nlea 8(%rsp),%rdx\nmovl $0,4(%rsp)\n1: addl $1,4(%rsp)\ncmpl $0,flag(%rip)\njne 2f\n"
    "movl $0,-4(%rdx)\n2: cmpl $10,4(%rsp)\njl 1b\nadd $24,%rsp\nret"
    "\n.cfi_endproc\n.size on,.-on\n");
int main(void) { signal(SIGUSR1, on); for (;;) pause(); }
