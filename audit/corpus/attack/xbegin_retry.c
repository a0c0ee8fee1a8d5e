// truth: unsafe: a hardware transaction whose fallback is a lock
#include "corpus.h"
ASM_HANDLER("xbegin 1f\nmovl $1,flag(%rip)\nxend\nret\n1: sub $8,%rsp\nlea mutex(%rip),%rdi\ncall pthread_mutex_lock@PLT\nlea mutex(%rip),%rdi\ncall pthread_mutex_unlock@PLT\nadd $8,%rsp\nret\n.pushsection .bss\n.balign 16\nmutex: .zero 64\n.popsection")
