"""Pure logic of Proctor: problems, steps, answers, labelling policies. No Prefect, no Ray, no files, no
processes."""
