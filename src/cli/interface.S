/* The interface file of the control socket, as data: what GetInterfaceDescription answers is what docs/ says. */
	.section .rodata
	.global cpod_control_interface
	.hidden cpod_control_interface
	.type cpod_control_interface, %object
cpod_control_interface:
	.incbin "docs/io.cpod.Pod.varlink"
	.byte 0
	.size cpod_control_interface, . - cpod_control_interface
	.section .note.GNU-stack, "", %progbits
