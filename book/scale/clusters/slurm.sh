#!/bin/bash
# DSOD300 on VOC 07+12 with Slurm: `sbatch book/scale/clusters/slurm.sh` from the repository.
# Its batch is 128 pictures in 32 parts of 4, so 1, 2, 4, 8, 16 or 32 GPUs come to the same numbers.
#SBATCH --job-name=dsod300
#SBATCH --nodes=2
#SBATCH --gpus-per-node=8
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=64
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --output=runs/slurm-%j.log
set -euo pipefail

# A folder that all nodes see, the pictures and the run in it.
data="${DATA:-downloads/voc/VOCdevkit}"
output="${OUTPUT:-runs/voc0712}"
nodes=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
first_node=${nodes%%$'\n'*}

# One torchrun a node starts a process a GPU. If one dies, all begin again from the last checkpoint (--max-restarts);
# if the job is put back into the queue, it goes on from there too (--resume).
srun torchrun \
  --nnodes "$SLURM_JOB_NUM_NODES" --nproc-per-node gpu --max-restarts 3 \
  --rdzv-backend c10d --rdzv-id "$SLURM_JOB_ID" --rdzv-endpoint "$first_node:29500" \
  -m dsod_lite train --recipe voc0712 --data "$data" --output "$output" --workers 7 --resume
